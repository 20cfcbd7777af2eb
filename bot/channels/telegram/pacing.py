"""What one process knows of how fast Telegram may be talked to: an even pace, and pauses."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict

from redis.asyncio import Redis
from redis.exceptions import RedisError

PAUSE = "telegram:pause"
# How long a message waits for what the store knows.
STORE_SECONDS = 1.0
_BURST_SECONDS = 1.0
_PAUSED_CHATS_MOST = 1_000
# A pause of the bot meets that many others within moments.
CHATS_BEFORE_EVERYBODY = 4


class Even:
    """At most `rate` a second over time, with a second's worth of them at once."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate
        self._due = 0.0

    def take(self) -> float:
        """Take the next slot; the seconds until it is due."""
        now = time.monotonic()
        self._due = max(self._due, now - _BURST_SECONDS) + self._step
        return max(0.0, self._due - now)

    def taken(self) -> bool:
        """Take a slot, if one is due now."""
        free = self._due <= time.monotonic()
        if free:
            self.take()
        return free


class Pauses:
    """What 429 asked for, per chat and for the whole bot.

    Telegram does not say whom a 429 is about. One chat that is refused waits alone, so that
    somebody who floods the bot silences nobody else; once so many chats are refused that they are
    hardly one person's, it is about the bot, and everybody waits: the other processes too, by the
    `store`, where there is one. Chats stay here: the store is to know of none.
    """

    def __init__(self, store: Redis | None = None) -> None:
        self._store = store
        self._until: OrderedDict[int, float] = OrderedDict()
        self._everybody = 0.0

    def left(self, chat: int | None) -> float:
        """Seconds until this chat (None: a call about no chat) may be written to; 0 for now."""
        until = self._everybody if chat is None else max(self._everybody, self._until.get(chat, 0))
        return max(0.0, until - time.monotonic())

    def heard(self, seconds: float) -> None:
        """Nobody is to be written to for so long."""
        self._everybody = max(self._everybody, time.monotonic() + seconds)

    async def refused(self, chat: int | None, retry_after: float) -> None:
        """Telegram asked for a pause of so many seconds."""
        now = time.monotonic()
        others = sum(until > now for other, until in self._until.items() if other != chat)
        if chat is not None:
            self._until[chat] = now + retry_after
            while len(self._until) > _PAUSED_CHATS_MOST:
                self._until.popitem(last=False)
        if chat is None or others >= CHATS_BEFORE_EVERYBODY:
            self.heard(retry_after)
            await self._tell(retry_after)

    async def _tell(self, seconds: float) -> None:
        """The other processes; where the store is away, each hears of it from Telegram."""
        if self._store is None:
            return
        milliseconds = max(1, int(seconds * 1000))
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(STORE_SECONDS), self._store.pipeline() as both:
                both.set(PAUSE, "", nx=True, px=milliseconds)
                both.pexpire(PAUSE, milliseconds, gt=True)
                await both.execute()
