"""Takes pictures and videos, one per request, and keeps them sealed until they are made safe.

The body is the file itself. What is in it is not looked at here: a process of its own does that.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import orjson
from aiohttp import web
from obstore.exceptions import BaseError
from redis.exceptions import RedisError

from bot.channels.contract import MEDIA_BYTES_MOST, Surroundings
from bot.channels.webchat import limits
from bot.channels.webchat.doors import from_our_page, spoken
from bot.channels.webchat.identity import is_token, tag_of
from bot.channels.webchat.network import network_of
from bot.channels.webchat.parcels import EXPIRY, Parcel, object_name
from bot.core.dialogue import Message
from bot.pace import Pace

_MEGABYTE = 1024 * 1024
_AGAIN_IN = "2"


class Refusal(Exception):
    """Why an upload is not taken: an HTTP status, and the sentence that says it."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status = status
        self.told = told


class Uploads:
    """The door for files."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._in_hand: Counter[str] = Counter()
        self._bytes = 0
        self._lately = Pace(3600)

    async def take(self, request: web.Request) -> web.Response:
        """``POST /chat/uploads``: the file in, ``{"id", "source", "size"}`` out."""
        token = request.headers.get("X-Chat")
        if token is None or not is_token(token):
            raise web.HTTPUnauthorized
        if not from_our_page(request, self._surroundings.settings.public_url):
            raise web.HTTPForbidden
        tag = tag_of(token)
        try:
            self._keep_pace(tag, network_of(request, self._surroundings.settings.proxies))
            with self._admitted(tag, _announced(request)):
                parcel = await _received(request)
                await self._keep(parcel)
        except Refusal as refusal:
            return self._refused(request, refusal)
        kept = {"id": parcel.id, "source": parcel.source, "size": parcel.size}
        return web.Response(
            body=orjson.dumps(kept),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    def _keep_pace(self, tag: str, network: str) -> None:
        by_chat = self._lately.counted(tag)
        by_network = self._lately.counted(network) if network else 0
        if (
            by_chat > limits.UPLOADS_PER_CHAT_AN_HOUR
            or by_network > limits.UPLOADS_PER_NETWORK_AN_HOUR
        ):
            raise Refusal(429, "web.upload.too_often")

    @contextmanager
    def _admitted(self, tag: str, size: int) -> Iterator[None]:
        if (
            self._in_hand[tag] >= limits.UPLOADS_PER_CHAT
            or self._in_hand.total() >= limits.UPLOADS_MOST
            or self._bytes + size > limits.UPLOAD_BYTES_IN_HAND
        ):
            raise Refusal(503, "web.upload.busy")
        self._in_hand[tag] += 1
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size
            self._in_hand[tag] -= 1
            if not self._in_hand[tag]:
                del self._in_hand[tag]

    async def _keep(self, parcel: Parcel) -> None:
        name = object_name(parcel.source)
        until = int(time.time()) + limits.UPLOAD_KEPT_FOR
        try:
            # Listed before it exists, so that nothing can stay behind unlisted.
            await self._surroundings.store.zadd(EXPIRY, {name: until})
            await self._surroundings.media.put(name, parcel.sealed())
        except (RedisError, BaseError, OSError):
            raise Refusal(503, "error.not_saved") from None

    def _refused(self, request: web.Request, refusal: Refusal) -> web.Response:
        locale = spoken(request, self._surroundings.locales)
        blanks = {"limit": MEDIA_BYTES_MOST // _MEGABYTE}
        words = self._surroundings.say(locale, Message(refusal.told, blanks))
        headers = (
            {"Retry-After": _AGAIN_IN}
            if refusal.status == web.HTTPServiceUnavailable.status_code
            else {}
        )
        return web.Response(
            status=refusal.status,
            body=orjson.dumps({"error": {"reason": refusal.told, "text": words}}),
            content_type="application/json",
            headers=headers,
        )


def _announced(request: web.Request) -> int:
    """The size that the request announces, or the most there may be where it does not."""
    size = request.content_length
    if size is None:
        return MEDIA_BYTES_MOST
    if size == 0:
        raise Refusal(400, "web.upload.empty")
    if size > MEDIA_BYTES_MOST:
        raise Refusal(413, "web.upload.too_large")
    return size


async def _received(request: web.Request) -> Parcel:
    parcel = Parcel()
    async for chunk in _chunks(request):
        parcel.add(chunk)
        if parcel.size > MEDIA_BYTES_MOST:
            raise Refusal(413, "web.upload.too_large")
    if not parcel.size:
        raise Refusal(400, "web.upload.empty")
    return parcel


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    began, size = loop.time(), 0
    while True:
        slowest = began + size / limits.UPLOAD_BYTES_A_SECOND
        try:
            async with asyncio.timeout_at(min(slowest, loop.time()) + limits.UPLOAD_CHUNK_WITHIN):
                chunk = await request.content.readany()
        except (TimeoutError, ConnectionError):
            raise Refusal(408, "web.upload.interrupted") from None
        if not chunk:
            return
        size += len(chunk)
        yield chunk
