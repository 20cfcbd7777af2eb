"""Links to safe copies: unguessable, signed, and of no use after their time.

``/media/<kind>/<id>/<expiry>.<signature>.<ending>``. Whoever holds a link sees one picture and
learns nothing else; nothing in it leads to a person.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode

from aiohttp import web

from bot.store.media import MediaStore

DAY = 24 * 3600
SHOWN_SECONDS = DAY
_ENDINGS = {"video/mp4": ".mp4", "video/webm": ".webm"}
_SIGNATURE = 22
_LONGEST = 12


class MediaLinks:
    """Signs links and serves what they lead to."""

    def __init__(self, key: bytes, base: str) -> None:
        self._key = key
        self._base = base

    def path(self, media: str, thumbnail: bool, seconds: int = SHOWN_SECONDS) -> str:
        """A path that works for at least `seconds`, rounded up so that caches can help."""
        until = (int(time.time()) // DAY + 1) * DAY + seconds
        kind = "thumbnail" if thumbnail else "safe"
        return f"/media/{kind}/{media}/{until}.{self._signature(kind, media, until)}.jpg"

    def url(self, media: str, content_type: str, seconds: int) -> str:
        """The safe copy as an address that another machine can fetch; its ending tells its kind."""
        path = self.path(media, False, seconds).removesuffix(".jpg")
        return self._base + path + _ENDINGS.get(content_type, ".jpg")

    def holds(self, kind: str, media: str, until: str, signature: str) -> bool:
        """Whether this link was signed here and its time is not over."""
        if not until.isdecimal() or len(until) > _LONGEST or int(until) < time.time():
            return False
        return hmac.compare_digest(signature, self._signature(kind, media, int(until)))

    def _signature(self, kind: str, media: str, until: int) -> str:
        tag = hmac.digest(self._key, f"{kind}/{media}/{until}".encode(), "sha256")
        return urlsafe_b64encode(tag).decode()[:_SIGNATURE]


def add_media_routes(application: web.Application, links: MediaLinks, store: MediaStore) -> None:
    """Serve `links` from `store`; a wrong, old or erased one is 404 alike."""

    async def serve(request: web.Request) -> web.StreamResponse:
        wanted = request.match_info
        if not links.holds(wanted["kind"], wanted["media"], wanted["until"], wanted["signature"]):
            raise web.HTTPNotFound
        body = await store.get(f"{wanted['kind']}/{wanted['media']}")
        if body is None:
            raise web.HTTPNotFound
        return _ranged(request, body)

    application.router.add_get(
        "/media/{kind:safe|thumbnail}/{media:[A-Za-z0-9_-]{22}}/{until}.{signature:[A-Za-z0-9_-]+}.{ending}",
        serve,
    )


def _ranged(request: web.Request, body: bytes) -> web.Response:
    headers = {
        "Cache-Control": "private, max-age=3600, immutable",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    kind = _content_type(body)
    try:
        part = request.http_range
    except ValueError:
        raise web.HTTPRequestRangeNotSatisfiable from None
    if part.start is None and part.stop is None:
        return web.Response(body=body, content_type=kind, headers=headers)
    start, stop, _ = part.indices(len(body))
    if start >= stop:
        raise web.HTTPRequestRangeNotSatisfiable
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return web.Response(status=206, body=body[start:stop], content_type=kind, headers=headers)


def _content_type(body: bytes) -> str:
    if body.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "video/webm" if body.startswith(b"\x1a\x45\xdf\xa3") else "video/mp4"
