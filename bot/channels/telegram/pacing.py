"""How fast Telegram may be talked to: an even pace before it complains, pauses once it did."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

# Telegram takes 30 a second from one bot, and it has two processes that talk: who just said
# something is answered first.
ANSWERS_A_SECOND = 20
NOTICES_A_SECOND = 10
_BURST_SECONDS = 1.0
_PAUSED_CHATS_MOST = 1_000


class Pacer:
    """At most `rate` calls a second over time, with a second's worth of them at once."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate
        self._due = 0.0

    def free(self) -> bool:
        """Whether a call could go out now without waiting."""
        return self._due <= time.monotonic()

    async def wait(self) -> None:
        """Take the next slot and wait until it is due."""
        now = time.monotonic()
        self._due = max(self._due, now - _BURST_SECONDS) + self._step
        if self._due > now:
            await asyncio.sleep(self._due - now)


class Pauses:
    """What 429 asked for, per chat and for the whole bot.

    Telegram does not say whom a 429 is about. One chat that is refused waits alone, so that
    somebody who floods the bot silences nobody else; once a second chat is refused meanwhile, it
    is about the bot, and everybody waits.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[int, float] = OrderedDict()
        self._everybody = 0.0

    def left(self, chat: int | None) -> float:
        """Seconds until this chat (None: a call about no chat) may be written to; 0 for now."""
        until = self._everybody if chat is None else max(self._everybody, self._until.get(chat, 0))
        return max(0.0, until - time.monotonic())

    def refused(self, chat: int | None, retry_after: float) -> None:
        """Telegram asked for a pause of so many seconds."""
        now = time.monotonic()
        others = any(until > now for other, until in self._until.items() if other != chat)
        if chat is None or others:
            self._everybody = max(self._everybody, now + retry_after)
        if chat is not None:
            self._until[chat] = now + retry_after
            while len(self._until) > _PAUSED_CHATS_MOST:
                self._until.popitem(last=False)
