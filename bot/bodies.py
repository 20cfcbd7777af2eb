"""The body of a request, read no further than it may be long, whoever sends it."""

from __future__ import annotations

from aiohttp import web


async def bounded(request: web.Request, most: int) -> bytes:
    """The body, at most so many bytes. Raises `HTTPRequestEntityTooLarge`."""
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > most:
            raise web.HTTPRequestEntityTooLarge(most, len(body))
    return bytes(body)
