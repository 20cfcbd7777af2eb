"""What was sent to a case system and not answered: it may still be at work on it.

``sent:<reference>``  stands from just before a report is sent until it is answered, or so long
                      that nobody can be at work on it any more

A case that appears only after a lookup found none would be opened twice. The note is in the store,
so that it outlives whoever sent the report; and it ends by the store's clock.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.core.errors import CaseRefused, CaseSystemDown, CaseThrottled, StoreUnavailable
from bot.store.connection import Command, Store

# How many times as long as we wait for an answer, from when it was sent.
TIMES = 2


class Sent:
    """Of one case system. Every method may raise `StoreUnavailable`."""

    def __init__(self, store: Store, patience_seconds: float) -> None:
        self._store = store
        self._quiet_ms = int(patience_seconds * TIMES * 1000)

    async def quiet(self, reference: str) -> float:
        """Seconds for which this report may not be sent again, even if no case is found."""
        return max(0, int(await self._store.read("PTTL", _name(reference)))) / 1000

    def note(self, reference: str) -> Command:
        """The command that belongs before what is sent."""
        return ("SET", _name(reference), b"1", "PX", self._quiet_ms)

    @asynccontextmanager
    async def noted(self, reference: str) -> AsyncIterator[None]:
        """What is sent in here was noted, and is until it is answered."""
        try:
            yield
        except (CaseRefused, CaseThrottled):
            await self._answered(reference)
            raise
        except CaseSystemDown as error:
            if not error.unanswered:
                await self._answered(reference)
            raise

    async def _answered(self, reference: str) -> None:
        with contextlib.suppress(StoreUnavailable):  # then it ends by itself
            await self._store.write("DEL", _name(reference))


def _name(reference: str) -> str:
    return f"sent:{reference}"
