"""Updates by webhook: answered only after their turn was committed.

Anything else than 2xx makes Telegram deliver the update again, so an answer is the only
acknowledgement there is. The path is derived from the token, so that nobody finds the door; the
secret in the header is what opens it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import re

import orjson
from aiohttp import web

from bot.channels.telegram.pacing import Even
from bot.channels.telegram.reception import NotNow, Reception, read
from bot.channels.telegram.replies import Replies
from config.settings import SettingRefused, Settings

CONNECTIONS_MOST = 100
BODY_BYTES_MOST = 1024 * 1024
_IN_HAND_MOST = 2 * CONNECTIONS_MOST
_TURNED_AWAY_ALOUD_A_SECOND = 10
_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class Webhook:
    """The route that Telegram posts to."""

    def __init__(self, settings: Settings, reception: Reception, replies: Replies) -> None:
        self.secret = settings.telegram_webhook_secret.get_secret_value()
        if not _SECRET.fullmatch(self.secret):
            raise SettingRefused(
                "TELEGRAM_WEBHOOK_SECRET: Telegram takes 1 to 256 letters of A-Z, a-z, 0-9, _ or -."
            )
        token = settings.bot_token.get_secret_value()
        self.path = f"/telegram/{_derived(token)}"
        self.url = settings.address + self.path
        self._expected = self.secret.encode()
        self._reception = reception
        self._replies = replies
        self._in_hand = 0
        self._turned_away = Even(_TURNED_AWAY_ALOUD_A_SECOND)
        self._open = True
        self._idle = asyncio.Event()
        self._idle.set()

    def add_routes(self, application: web.Application) -> None:
        """Listen."""
        application.router.add_post(self.path, self.handle)

    async def stop(self, seconds: float) -> None:
        """Take nothing new (Telegram keeps it and brings it again), finish what is in hand."""
        self._open = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    async def handle(self, request: web.Request) -> web.Response:
        """One update: 200 once committed, 503 when it should come again."""
        if not self._knows(request):
            return web.Response(status=401)
        if request.content_length is None or request.content_length > BODY_BYTES_MOST:
            return web.Response(status=413)
        if not self._open:
            return web.Response(status=503)
        if self._in_hand >= _IN_HAND_MOST:
            await self._turn_away(request)
            return web.Response(status=503)
        self._in_hand += 1
        self._idle.clear()
        try:
            return await self._take(await request.read())
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()

    def _knows(self, request: web.Request) -> bool:
        given = request.headers.get(_HEADER, "").encode(errors="surrogateescape")
        return hmac.compare_digest(given, self._expected)

    async def _turn_away(self, request: web.Request) -> None:
        """Ask for patience; not everybody, as reading what is not taken costs too."""
        if not self._turned_away.taken():
            return
        received = read(_parsed(await request.read()))
        if received is not None:
            self._replies.one_moment(received)

    async def _take(self, body: bytes) -> web.Response:
        received = read(_parsed(body))
        if received is None:
            return web.Response()
        try:
            with self._replies.patience(received):
                async with self._reception.in_order(received.chat):
                    outcome = await self._reception.take(received)
                    call = self._replies.react(outcome, hook=True)
        except NotNow as failed:
            self._replies.not_yet(received, failed.told)
            return web.Response(status=503)
        await self._replies.kept(outcome)
        if call is None:
            return web.Response()
        return web.Response(body=orjson.dumps(call), content_type="application/json")


def _parsed(body: bytes) -> object:
    try:
        parsed: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return parsed


def _derived(token: str) -> str:
    return hmac.new(token.encode(), b"telegram webhook path", hashlib.sha256).hexdigest()[:32]
