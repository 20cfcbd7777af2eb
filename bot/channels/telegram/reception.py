"""What both ways in have in common: an update becomes one turn, a chat at a time.

A turn that fails for a reason that may pass (the store is away) is tried until it works; one that
fails for a reason of its own gets five tries, so that it is never lost for a hiccup; then it is set
aside for an operator, and the person is asked to send it again. Where the second try fails as well
as the first, the person is told what they wait for. Logs say where a turn failed, never what was in
it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from traceback import walk_tb

from bot.channels.contract import Shown, Turns
from bot.channels.telegram.decode import KINDS_WANTED, Received, decode
from bot.core.dialogue import Incoming
from bot.core.errors import GatewayError, GivenUp, TooFast

_log = logging.getLogger(__name__)

TRIES_MOST = 5
_HICCUP_TRIES = 1
_STUMBLED_MOST = 1_000
_FAILED = "telegram.failed"


class NotNow(Exception):
    """The turn was not committed and is to be run again; the update is not acknowledged.

    `told` is the sentence for the person, None while it may be a hiccup or is none of theirs.
    """

    def __init__(self, tries: int, told: str | None = None) -> None:
        super().__init__(f"try {tries} failed")
        self.tries = tries
        self.told = told


@dataclass(frozen=True, slots=True)
class Outcome:
    """A committed turn: what came in and what is to be shown.

    If nothing came of it, it is `given_up`, and `told` is the sentence that says so, if one is due.
    """

    received: Received
    shown: tuple[Shown, ...] = ()
    given_up: bool = False
    told: str | None = None


class Reception:
    """Runs turns in order within a chat, chats side by side."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._queues: dict[str, _Queue] = {}
        self._tries: OrderedDict[int, int] = OrderedDict()

    @asynccontextmanager
    async def in_order(self, chat: str) -> AsyncIterator[None]:
        """Wait for what this chat sent before."""
        queue = self._queues.setdefault(chat, _Queue())
        queue.length += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.length -= 1
            if not queue.length:
                del self._queues[chat]

    async def take(self, received: Received) -> Outcome:
        """One turn. Raises `NotNow` when nothing is known to be kept."""
        if received.incoming is None:
            return Outcome(received)
        try:
            shown = await self._turns.take(received.incoming)
        except TooFast as error:  # acknowledged: brought again, it would be too much again
            return Outcome(received, given_up=True, told=error.told if error.first else None)
        except GivenUp:
            return Outcome(received, given_up=True, told=_FAILED)
        except Exception as error:
            return await self._stumbled(received, received.incoming, error)
        self._tries.pop(received.update_id, None)
        return Outcome(received, shown)

    async def _stumbled(self, received: Received, incoming: Incoming, error: Exception) -> Outcome:
        tries = self._tries.pop(received.update_id, 0) + 1
        passing = isinstance(error, GatewayError) and error.retryable
        told = error.told if isinstance(error, GatewayError) and tries > _HICCUP_TRIES else None
        _log.warning("a turn failed and was not kept: %s, try %d", where(error), tries)
        if tries < TRIES_MOST or passing:
            self._tries[received.update_id] = tries
            if len(self._tries) > _STUMBLED_MOST:
                self._tries.popitem(last=False)
            raise NotNow(tries, told)
        try:
            await self._turns.set_aside(incoming, where(error))
        except GatewayError as away:
            raise NotNow(tries, away.told) from None
        _log.error("an update was given up after %d tries: %s", tries, where(error))
        return Outcome(received, given_up=True, told=_FAILED)


def read(update: object) -> Received | None:
    """The update; None, with a line in the log, for one that nobody can work with."""
    received = decode(update)
    if received is None and (not isinstance(update, dict) or update.keys() & {*KINDS_WANTED}):
        _log.warning("an update holds nothing for a conversation and was passed over")
    return received


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


def where(error: BaseException) -> str:
    """The kind of error and its place; its text may quote what somebody wrote."""
    name = type(error).__name__
    frames = list(walk_tb(error.__traceback__))
    if not frames:
        return name
    frame, line = frames[-1]
    return f"{name} at {Path(frame.f_code.co_filename).name}:{line}"
