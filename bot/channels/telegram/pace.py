"""The one pace of the whole bot, whichever of its processes sends, by the store's clock.

``telegram:pace``    when the last messages went, for a second
``telegram:turn``    who found no room and is first when there is some, as long as they wait
``telegram:pause``   stands there while Telegram wants no message at all

Telegram takes about 30 messages a second from one token. Who is less urgent leaves more of them
free, and lets whoever is more urgent and waits go first: under a flood of answers notices wait, and
an answer finds room beside any number of notices. The store learns about no chat, and writes to its
file nothing but the pause and, where no message has gone for a second, that the times are gone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from enum import IntEnum
from math import inf
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.channels.telegram.pacing import PAUSE, STORE_SECONDS, Even, Pauses
from bot.core.errors import Throttled

_log = logging.getLogger(__name__)

SENT, TURN = "telegram:pace", "telegram:turn"
# Messages that went a second apart may arrive a little closer.
WINDOW_MS = 1_050
# By how much whoever waits for a moment may miss it and still be first.
OVERSLEPT_MS = 250
# While the store is away, each process takes so small a part: six of them stay within the whole.
ALONE_PART = 6
# How long nobody asks a store that did not answer.
ALONE_SECONDS = 2.0
_SCRIPT = Path(__file__).with_name("pace.lua").read_text("utf-8")


class Rank(IntEnum):
    """How urgent a message is: after so many, of all ranks, within a second it has to wait."""

    ANSWERS = 30
    MOMENTS = 25
    NOTICES = 20
    BROADCASTS = 10


class Pacer:
    """The messages of one rank in this process: they wait in order, and one of them asks."""

    def __init__(self, store: Redis, pauses: Pauses, rank: Rank) -> None:
        self._take = store.register_script(_SCRIPT)
        self._pauses = pauses
        self._rank = rank
        self._limits = (WINDOW_MS, int(rank), int(max(Rank)), OVERSLEPT_MS)
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._full_until = 0.0
        self._alone = Even(rank / ALONE_PART)
        self._alone_until = 0.0

    def free(self) -> bool:
        """Whether a message could go out now without waiting, as far as this process knows."""
        return self._waiting < self._rank and self._full_until <= time.monotonic()

    async def wait(self, chat: int, seconds: float = inf) -> None:
        """Wait until a message may go to this chat, but not longer than so many seconds.

        Raises `Throttled` then, and at once during a pause.
        """
        self._waiting += 1
        try:
            async with asyncio.timeout(None if seconds == inf else seconds), self._turn:
                await self._slot(chat)
        except TimeoutError:
            raise Throttled(1) from None
        finally:
            self._waiting -= 1

    async def _slot(self, chat: int) -> None:
        while True:
            if pause := self._pauses.left(chat):
                raise Throttled(pause)
            left = await self._asked()
            if left * 1000 > WINDOW_MS:  # a pause that another process heard of
                self._pauses.heard(left)
                continue
            if not left:
                return
            self._full_until = time.monotonic() + left
            await asyncio.sleep(left)

    async def _asked(self) -> float:
        """Seconds until there may be a slot; 0: it is taken."""
        if time.monotonic() < self._alone_until:
            return await self._alone_slot()
        try:
            async with asyncio.timeout(STORE_SECONDS):
                left = await self._take((SENT, PAUSE, TURN), self._limits)
        except (RedisError, TimeoutError) as error:
            if not self._alone_until:
                _log.warning("each process keeps a pace of its own: %s", type(error).__name__)
            self._alone_until = time.monotonic() + ALONE_SECONDS
            return await self._alone_slot()
        self._alone_until = 0.0
        return int(left) / 1000

    async def _alone_slot(self) -> float:
        left = self._alone.take()
        self._full_until = time.monotonic() + left
        await asyncio.sleep(left)
        return 0
