"""Where a request comes from, and how much of that may be kept."""

from ipaddress import ip_address, ip_network

from django.conf import settings

KEPT_BITS = {4: 24, 6: 48}


def client_address(peer: str, forwarded_for: str) -> str:
    """The address that the outermost of our own proxies saw; nothing before it is believed."""
    if not settings.TRUSTED_PROXIES or not forwarded_for:
        return peer
    hops = forwarded_for.split(",")
    return hops[-min(settings.TRUSTED_PROXIES, len(hops))].strip()


def truncate(address: str) -> str:
    """The network of an address: "203.0.113.0/24". What is no address has none: ""."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ip_network((parsed.packed, KEPT_BITS[parsed.version]), strict=False))
