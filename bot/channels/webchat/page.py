"""The page and everything it loads, built once at start and served from memory.

All files lie under one address that contains a hash of them all: browsers keep them for good, and a
new version is a new address. Together they are far below 100 kB.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from string import Template

import orjson
from aiohttp import web

from bot.channels.contract import MEDIA_BYTES_MOST, Surroundings
from bot.channels.webchat import limits
from bot.channels.webchat.doors import frame_origins, spoken
from bot.channels.webchat.words import page_words

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is, and compressed."""

    body: bytes
    compressed: bytes
    content_type: str

    def answer(self, request: web.Request, headers: dict[str, str]) -> web.Response:
        """The file, compressed where the browser takes that."""
        headers = {**headers, "Content-Type": self.content_type, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(body=self.compressed, headers=headers)
        return web.Response(body=self.body, headers=headers)


def asset(body: bytes, content_type: str) -> Asset:
    """An asset of these bytes."""
    return Asset(body, gzip.compress(body, 9, mtime=0), content_type)


class Page:
    """Answers ``/`` and ``/chat/<version>/<file>``."""

    def __init__(self, surroundings: Surroundings) -> None:
        files = sorted(path for path in STATIC.iterdir() if path.suffix in _TYPES)
        self._assets = {path.name: asset(path.read_bytes(), _TYPES[path.suffix]) for path in files}
        bodies = b"".join(one.body for one in self._assets.values())
        self._version = sha256(bodies).hexdigest()[:12]
        self._locales = surroundings.locales
        self._pages = {locale: self._page(surroundings, locale) for locale in self._locales}
        self._headers = _headers(surroundings)

    async def page(self, request: web.Request) -> web.Response:
        """``GET /``."""
        return self._pages[spoken(request, self._locales)].answer(request, self._headers)

    async def file(self, request: web.Request) -> web.Response:
        """``GET /chat/<version>/<file>``; another version gets today's file, but not for good."""
        found = self._assets.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        current = request.match_info["version"] == self._version
        caching = _FOR_GOOD if current else "no-store"
        return found.answer(
            request, {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"}
        )

    def _page(self, surroundings: Surroundings, locale: str) -> Asset:
        words = {name: page_words(surroundings.say, name) for name in self._locales}
        given = {
            "locales": self._locales,
            "words": words,
            "limits": {
                "bytes": MEDIA_BYTES_MOST,
                "files": limits.ATTACHMENTS_MOST,
                "receipts": limits.RECEIPTS_MOST,
            },
        }
        modules = [name for name in self._assets if name.endswith(".js")]
        filled = Template((STATIC / "page.html").read_text()).substitute(
            locale=locale,
            files=f"chat/{self._version}",
            title=words[locale]["web.title"],
            tagline=words[locale]["web.tagline"],
            preload="".join(
                f'<link rel="modulepreload" href="chat/{self._version}/{name}">' for name in modules
            ),
            # No sentence can end the element that carries it.
            given=orjson.dumps(given).decode().replace("<", "\\u003c"),
        )
        return asset(filled.encode(), "text/html; charset=utf-8")


def _headers(surroundings: Surroundings) -> dict[str, str]:
    settings = surroundings.settings
    ancestors = " ".join(("'self'", *frame_origins(settings.webchat_frame_origins)))
    # Older Safari does not count sockets of the page's own host as 'self'.
    sockets = settings.public_url.replace("http", "ws", 1)
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"media-src 'self' blob:; connect-src 'self' {sockets}; manifest-src 'self'; "
        f"frame-ancestors {ancestors}; base-uri 'none'; form-action 'none'"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Permissions-Policy": "geolocation=(self), camera=(self)",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
