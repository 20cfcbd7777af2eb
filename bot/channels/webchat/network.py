"""The network that a request comes from, as coarse as a limit needs it; used, and forgotten."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from aiohttp import web

_PREFIX = {4: 24, 6: 48}


def network_of(request: web.Request, proxies: int) -> str:
    """The /24 or /48 of the client; empty where it cannot be told.

    Behind so many `proxies` of our own, each of which appends the address that it saw.
    """
    seen = request.remote or ""
    if proxies:
        chain = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        seen = chain[-proxies].strip() if len(chain) >= proxies else ""
    try:
        address = ip_address(seen)
    except ValueError:
        return ""
    return str(ip_network((address, _PREFIX[address.version]), strict=False))
