"""Where a request comes from, and how much of that may be kept."""

from ipaddress import ip_address, ip_network

from django.conf import settings

KEPT_BITS = {4: 24, 6: 48}


def client_address(peer: str, forwarded_for: str) -> str:
    """The address that the outermost of our own proxies saw; nothing before it is believed."""
    if not settings.TRUSTED_PROXIES or not forwarded_for:
        return peer
    hops = forwarded_for.split(",")
    return without_port(hops[-min(settings.TRUSTED_PROXIES, len(hops))].strip())


def without_port(host: str) -> str:
    """Some proxies add the port: 192.0.2.1:99, [2001:db8::1]:99."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def truncate(address: str) -> str:
    """The network of an address: "203.0.113.0/24". What is no address has none: ""."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ip_network((parsed.packed, KEPT_BITS[parsed.version]), strict=False))
