"""Who may come in: which pages may open a socket or upload, and which language they speak."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web

from config.settings import SettingRefused

_FRAME_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")


def from_our_page(request: web.Request, public_url: str) -> bool:
    """Whether a browser says that our own page asks; other clients send no origin at all."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        host = urlsplit(origin).netloc
    except ValueError:  # no address at all
        return False
    return bool(host) and host in (request.host, urlsplit(public_url).netloc)


def spoken(request: web.Request, locales: Sequence[str]) -> str:
    """The first of our languages that the browser asks for, else the default one."""
    for wanted in request.headers.get("Accept-Language", "").split(","):
        language = wanted.split(";")[0].strip().split("-")[0].lower()
        if language in locales:
            return language
    return locales[0]


def frame_origins(listed: str) -> tuple[str, ...]:
    """The portals that may embed the page. Raises `SettingRefused` for anything but origins."""
    origins = tuple(listed.replace(",", " ").split())
    for origin in origins:
        if _FRAME_ORIGIN.fullmatch(origin) is None:
            raise SettingRefused(
                f"WEBCHAT_FRAME_ORIGINS: {origin!r} is no origin; write https://portal.example.org"
            )
    return origins
