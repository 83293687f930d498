"""Where a request comes from, and how much of that may be kept."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings

KEPT_BITS = {4: 24, 6: 48}  # no address is kept whole


def client_address(peer: str, forwarded_for: str) -> str:
    """The address that the outermost of our own proxies saw; nothing before it is believed."""
    if not forwarded_for or not settings.TRUSTED_PROXIES:
        return peer
    hops = forwarded_for.split(",")
    return without_port(hops[-min(settings.TRUSTED_PROXIES, len(hops))].strip())


def without_port(host: str) -> str:
    """Some proxies add the port: 192.0.2.1:99, [2001:db8::1]:99."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, one of IPv4 that is written as IPv6 as what it is; None for what is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def truncate(address: IPv4Address | IPv6Address) -> str:
    """The network of an address: "203.0.113.0/24"."""
    return str(ip_network((address.packed, KEPT_BITS[address.version]), strict=False))


def network_of(request) -> str:
    """The network that a request comes from; of no request, as of no address: ""."""
    meta = request.META if request else {}
    forwarded_for = meta.get("HTTP_X_FORWARDED_FOR", "")
    address = read_address(client_address(meta.get("REMOTE_ADDR", ""), forwarded_for))
    return truncate(address) if address else ""
