"""Turns that may take the process down: counted, run alone, and in the end not run any more.

A turn that raises is its channel's to count. One that ends the process, by a crash, by memory or by
an endless loop, would come again after each start, for ever, and everybody else's turns would end
with it. So it is noted what is in hand (`bot.in_hand`). All that was in hand when a process ended
saw one death, which may be no fault of its own; what saw two is a suspect and runs alone; what saw
five is set aside for an operator, like an update that fails always.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b

import structlog

from bot.channels.contract import Shown, Turns
from bot.core.dialogue import Incoming
from bot.core.errors import GivenUp
from bot.in_hand import NAME_BYTES, InHand
from bot.store.outbox import DEATHS_MOST, SUSPECT_DEATHS

# A suspect lets what came with it go first, the longer the more deaths it saw.
PAUSE_SECONDS = 1.0

log = structlog.get_logger()


class Guarded:
    """`Turns` of which none can end the process for ever."""

    def __init__(self, turns: Turns, in_hand: InHand, key: bytes) -> None:
        self._turns = turns
        self._in_hand = in_hand
        self._key = key
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        # Whoever is in hand waits for nothing here, so who waits gets in.
        self._door = asyncio.Lock()

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        """See the contract. Raises `GivenUp` besides."""
        name = self._name(incoming)
        deaths = self._in_hand.deaths(name)
        if deaths >= DEATHS_MOST:
            reason = f"nobody who took it up came back, {deaths} times"
            await self.set_aside(incoming, reason)
            log.error("turn.given_up", reason=reason)
            raise GivenUp(reason)
        if deaths >= SUSPECT_DEATHS:
            await asyncio.sleep(PAUSE_SECONDS * (deaths - SUSPECT_DEATHS + 1))
            async with self._door:
                await self._idle.wait()
                return await self._noted(name, incoming)
        if self._door.locked():
            async with self._door:
                pass
        return await self._noted(name, incoming)

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        """See the contract."""
        await self._turns.set_aside(incoming, reason)

    async def _noted(self, name: bytes, incoming: Incoming) -> tuple[Shown, ...]:
        noted, well = self._in_hand.begin(name), False
        self._running += 1
        self._idle.clear()
        try:
            shown = await self._turns.take(incoming)
            well = True
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
            if noted:
                self._in_hand.end(name, well=well)
        return shown

    def _name(self, incoming: Incoming) -> bytes:
        whole = f"{incoming.channel}|{incoming.address}|{incoming.event_id}".encode()
        return blake2b(whole, key=self._key, digest_size=NAME_BYTES).digest()
