"""Tells pages that a turn takes longer than a blink: one timer for all sockets, not one a turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.channels.webchat import limits

if TYPE_CHECKING:
    from bot.channels.webchat.session import Session


class Patience:
    """Watches the turns in hand."""

    def __init__(self) -> None:
        self._since: dict[Session, float] = {}
        self._ticking = False

    def begin(self, session: Session) -> None:
        """This session's turn begins."""
        loop = asyncio.get_running_loop()
        self._since[session] = loop.time()
        if not self._ticking:
            self._ticking = True
            loop.call_later(limits.TYPING_AFTER / 2, self._tick)

    def end(self, session: Session) -> None:
        """It is over."""
        self._since.pop(session, None)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        late = loop.time() - limits.TYPING_AFTER
        for session in [one for one, since in self._since.items() if since <= late]:
            del self._since[session]
            session.tell_slow()
        self._ticking = bool(self._since)
        if self._ticking:
            loop.call_later(limits.TYPING_AFTER / 2, self._tick)
