"""From where a request comes: the address that limits count by and the audit log writes down."""

import ipaddress
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

# Set for the length of a request, so that services can write it into the audit log without knowing of requests.
current_network: ContextVar[str] = ContextVar("current_network", default="")


def network_of(request: HttpRequest) -> str:
    """The client's IPv4 address or IPv6 /64 (one household or server has a whole /64, so single addresses say nothing).

    X-Forwarded-For is read only as far as our own proxies wrote it: the n-th entry from the right, where n is
    TRUSTED_PROXIES. What stands further left is the client's own claim. "unknown" when there is no address.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if settings.TRUSTED_PROXIES and hops:
        address = hops[-min(settings.TRUSTED_PROXIES, len(hops))]
    try:
        ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))
