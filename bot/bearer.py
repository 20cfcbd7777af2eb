"""The door that opens for a key which somebody bears, and tells nothing of it to who does not."""

from __future__ import annotations

import hmac

from aiohttp import web


def bears(request: web.Request, key: str) -> bool:
    """Whether the request has ``Authorization: Bearer <key>``."""
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, f"Bearer {key}".encode())
