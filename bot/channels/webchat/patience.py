"""Tells pages that a turn takes longer than a blink: one timer for all sockets, not one a turn."""

from __future__ import annotations

import asyncio
from typing import Protocol

from bot.channels.webchat import limits


class Waiter(Protocol):
    """Whose turn is in hand."""

    def tell_slow(self) -> None:
        """It takes longer than a blink; must not block."""


class Patience:
    """Watches the turns in hand."""

    def __init__(self) -> None:
        self._since: dict[Waiter, float] = {}
        self._ticking = False

    def begin(self, waiter: Waiter) -> None:
        """Its turn begins."""
        loop = asyncio.get_running_loop()
        self._since[waiter] = loop.time()
        if not self._ticking:
            self._ticking = True
            loop.call_later(limits.TYPING_AFTER / 2, self._tick)

    def end(self, waiter: Waiter) -> None:
        """It is over."""
        self._since.pop(waiter, None)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        late = loop.time() - limits.TYPING_AFTER
        for waiter in [one for one, since in self._since.items() if since <= late]:
            del self._since[waiter]
            waiter.tell_slow()
        self._ticking = bool(self._since)
        if self._ticking:
            loop.call_later(limits.TYPING_AFTER / 2, self._tick)
