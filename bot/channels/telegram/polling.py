"""Updates by long polling, with nothing confirmed before it is committed.

The offset that goes with getUpdates confirms everything below it for good, so it is only ever the
first update that is not committed yet. Updates above it come again with every poll and are
known by their number. One that fails keeps the offset where it is while the others go on, up to
the hundred that Telegram hands out at once, and for five tries at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from aiogram.methods import DeleteWebhook

from bot.channels.telegram.api import Api, BadToken, Conflict, RawUpdates
from bot.channels.telegram.decode import KINDS_WANTED, Received
from bot.channels.telegram.reception import NotNow, Outcome, Reception, read
from bot.channels.telegram.replies import Replies
from bot.core.errors import ChannelError, Throttled

_log = logging.getLogger(__name__)

BATCH_MOST = 100
_POLL_SECONDS = 25
_GRACE_SECONDS = 10
_AT_ONCE_MOST = 32
_LOOK_AGAIN_SECONDS = 0.5
_FAILED_SECONDS = 2.0
_SLOW_SECONDS = 15.0
_TRY_AGAIN = (0.2, 0.5, 1.0, 2.0, 5.0)


class Polling:
    """The loop that fetches updates and confirms what is committed."""

    def __init__(self, api: Api, reception: Reception, replies: Replies) -> None:
        self._api = api
        self._reception = reception
        self._replies = replies
        self._in_hand: dict[int, asyncio.Task[None]] = {}
        self._committed: set[int] = set()
        self._next: int | None = None
        self._at_once = asyncio.Semaphore(_AT_ONCE_MOST)

    @property
    def offset(self) -> int | None:
        """The first update that is not committed; None before the first one came."""
        return min(self._in_hand, default=self._next)

    async def run(self) -> None:
        """Poll until cancelled."""
        switched = False
        while True:
            try:
                if not switched:
                    switched = await self._api.call(DeleteWebhook())
                updates = await self._fetch(self.offset, BATCH_MOST, _POLL_SECONDS)
            except ChannelError as error:
                await asyncio.sleep(_pause_after(error))
                switched = switched and not isinstance(error, Conflict)
                continue
            if not self._begin(updates) and self._in_hand:
                await asyncio.wait(
                    self._in_hand.values(),
                    timeout=_LOOK_AGAIN_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )

    async def stop(self, seconds: float) -> None:
        """Finish what is in hand within so many seconds, and confirm what is committed."""
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand.values(), timeout=seconds)
            for task in late:
                task.cancel()
        if self.offset is not None:
            with contextlib.suppress(ChannelError):
                await self._fetch(self.offset, 1, 0)

    async def _fetch(self, offset: int | None, limit: int, seconds: int) -> list[Any]:
        poll = RawUpdates(
            offset=offset, limit=limit, timeout=seconds, allowed_updates=[*KINDS_WANTED]
        )
        return await self._api.call(poll, seconds=seconds + _GRACE_SECONDS)

    def _begin(self, updates: list[Any]) -> bool:
        """Start what is new; whether there was anything."""
        numbers = {number: one for one in updates if (number := _number(one)) is not None}
        fresh = [number for number in numbers if number not in self._in_hand]
        fresh = [number for number in fresh if number not in self._committed]
        for number in fresh:
            task = asyncio.create_task(self._carry_through(number, read(numbers[number])))
            self._in_hand[number] = task
        if numbers:
            self._next = max(numbers) + 1
        self._committed &= numbers.keys()
        return bool(fresh)

    async def _carry_through(self, number: int, received: Received | None) -> None:
        """Only what came to its end leaves the hand: what is cancelled was not committed."""
        if received is not None:
            with self._replies.patience(received):
                async with self._reception.in_order(received.chat):
                    outcome = await self._persistently(received)
                    self._replies.react(outcome, hook=False)
            await self._replies.kept(outcome)
        self._committed.add(number)
        del self._in_hand[number]

    async def _persistently(self, received: Received) -> Outcome:
        while True:
            try:
                async with self._at_once:
                    return await self._reception.take(received)
            except NotNow as failed:
                self._replies.not_yet(received, failed.told)
                await asyncio.sleep(_TRY_AGAIN[min(failed.tries, len(_TRY_AGAIN)) - 1])


def _number(update: object) -> int | None:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if type(number) is int else None


def _pause_after(error: ChannelError) -> float:
    match error:
        case Throttled():
            return error.retry_after
        case Conflict():
            _log.error(
                "another programme receives this bot's updates; "
                "each bot token is for one gateway by polling. Trying again in %g s",
                _SLOW_SECONDS,
            )
            return _SLOW_SECONDS
        case BadToken():
            _log.error("Telegram does not know the token in BOT_TOKEN")
            return _SLOW_SECONDS
    _log.warning("no updates from Telegram: %s", error)
    return _FAILED_SECONDS
