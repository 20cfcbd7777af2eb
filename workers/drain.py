"""Works off what is due in one outbox: many entries at once on one event loop.

A bell (one rq job) starts a drain; the drain goes on until nothing is due and ends. Whatever an
entry raises becomes an outcome here: again later, or parked with a reason that names nobody. And
whatever happens to the drain, what it has in hand comes to an outcome before it ends, because a
lease that nobody ends looks like a death.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from secrets import token_hex
from typing import Protocol

import structlog

from bot.core.errors import GatewayError, StoreUnavailable
from bot.store.outbox import AWAY_SECONDS, Entry, LeaseLost, Outbox, OutcomeRefused

# Work due within this many seconds is waited for; anything later gets a bell of its own.
LINGER_SECONDS = 5.0
LONGEST_SECONDS = 60.0
# A drain that is over waits for what it has in hand and begins nothing meanwhile. With work that
# has taken so long already it goes on instead, for so much longer: rq gives a job up after seven
# minutes.
SLOW_SECONDS, SLOW_MORE_SECONDS = 5.0, 180.0
# While some work takes long, what is new is begun and a wish to stop is seen after so long.
LOOK_AGAIN_SECONDS = 0.5
# A stop waits so long for what is in hand, and then so long for the store to take it back. With
# all that a worker has to close it ends before whoever asked it to loses patience.
STOP_SECONDS = 8.0
HAND_BACK_SECONDS = 1.5
# Long enough for a case system to finish what it was at when we stopped waiting for it.
FIRST_RETRY_SECONDS = 3.0
LAST_RETRY_SECONDS = 3600.0
UNEXPECTED_MOST = 8
# A failure that comes back so often is something for an operator to know.
LOUD_ATTEMPTS = 3

log = structlog.get_logger()


class Work(Protocol):
    """One kind of work. `at_once` entries run together, each under a lease of `lease_seconds` that
    is renewed as long as the work goes on: so soon others take over from a process that died.
    """

    outbox: Outbox
    at_once: int
    lease_seconds: float

    async def do(self, entry: Entry) -> None:
        """Do it and settle it. Raises a `GatewayError`, or anything unexpected."""
        ...


class Drain:
    """Drains one outbox until nothing is due."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._name = token_hex(8)
        self._running: dict[asyncio.Task[None], Entry] = {}
        self._room = asyncio.Event()
        self._suspects = False
        self.stopping = False

    async def run(self) -> None:
        """Work until nothing is due, the time is over or `stopping`; finish what is in hand."""
        renewing = asyncio.create_task(self._renew())
        try:
            await self._run()
        finally:
            try:
                await self._finish()
            finally:
                renewing.cancel()

    async def _run(self) -> None:
        until = time.monotonic() + LONGEST_SECONDS
        while not self.stopping and not self._over(until):
            await self._take()
            if self._running:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._room.wait(), LOOK_AGAIN_SECONDS)
            elif not await self._more_soon():
                break

    def _over(self, until: float) -> bool:
        now = time.monotonic()
        slow = any(now - entry.claimed > SLOW_SECONDS for entry in self._running.values())
        return now >= until + (SLOW_MORE_SECONDS if slow else 0)

    async def _finish(self) -> None:
        """Wait for what is in hand. A stop does so for a while and hands back the rest."""
        while self._running and not self.stopping:
            await asyncio.wait(self._running, timeout=LOOK_AGAIN_SECONDS)
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_SECONDS)
        late = dict(self._running)
        for task in late:
            task.cancel()
        if late:
            log.warning("drain.handed_back", kind=self._work.outbox.kind, count=len(late))
            await asyncio.wait(late, timeout=HAND_BACK_SECONDS)

    async def _take(self) -> None:
        self._room.clear()
        room = self._work.at_once - len(self._running)
        # While a suspect waits, nothing new is begun; it is worked on once the others are done.
        if room <= 0 or (self._running and self._suspects):
            return
        entries, self._suspects = await self._work.outbox.claim_beside(
            room, self._work.lease_seconds, others=bool(self._running), name=self._name
        )
        for entry in entries:
            task = asyncio.create_task(self._settle(entry))
            self._running[task] = entry
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Claim by the dozen: a claim for each entry that ended would double the round trips."""
        del self._running[task]
        few = 0 if self._suspects else self._work.at_once * 3 // 4
        if len(self._running) <= few:
            self._room.set()

    async def _renew(self) -> None:
        """Work that takes long keeps its lease; work whose lease was lost all the same is ended."""
        pause = self._work.lease_seconds / 3
        while True:
            await asyncio.sleep(pause)
            running = dict(self._running)
            if not running:
                continue
            try:
                held = await self._work.outbox.renew(
                    list(running.values()), self._work.lease_seconds
                )
            except StoreUnavailable:
                pause = AWAY_SECONDS  # before anybody else takes what we still have
                continue
            pause = self._work.lease_seconds / 3
            for task, entry in running.items():
                if entry.id not in held:
                    task.cancel()

    async def _more_soon(self) -> bool:
        seconds = await self._work.outbox.next_due_seconds()
        if seconds is None or seconds > LINGER_SECONDS:
            return False
        await asyncio.sleep(min(seconds, 0.25))
        return True

    async def _settle(self, entry: Entry) -> None:
        outbox = self._work.outbox
        try:
            await self._attempt(entry)
        except LeaseLost:
            log.warning("drain.lease_lost", kind=outbox.kind)
        except OutcomeRefused as error:
            log.error("drain.not_marked", kind=outbox.kind, error=str(error))
        except asyncio.CancelledError:
            # It may have been done or not, so it stays counted as an attempt. Where the lease was
            # lost this changes nothing.
            with contextlib.suppress(StoreUnavailable):
                await outbox.retry(entry, 0)

    async def _attempt(self, entry: Entry) -> None:
        outbox = self._work.outbox
        try:
            await self._work.do(entry)
        except LeaseLost:
            raise
        except OutcomeRefused as error:
            await self._unexpected(entry, type(error).__name__)
        except StoreUnavailable as error:
            log.warning("drain.store_away", kind=outbox.kind, error=str(error))
            await outbox.retry(entry, pause(1))
        except GatewayError as error:
            await self._failed(entry, error)
        except Exception as error:  # one poisonous entry must not stop the others
            await self._unexpected(entry, type(error).__name__)

    async def _failed(self, entry: Entry, error: GatewayError) -> None:
        outbox, reason = self._work.outbox, f"{type(error).__name__}: {error}"
        if error.retryable:
            say = log.info if entry.attempts < LOUD_ATTEMPTS else log.warning
            say("drain.retry", kind=outbox.kind, attempt=entry.attempts, reason=reason)
            await outbox.retry(entry, pause(entry.attempts, error))
        else:
            log.error("drain.parked", kind=outbox.kind, reason=reason)
            await outbox.park(entry, reason)

    async def _unexpected(self, entry: Entry, name: str) -> None:
        outbox = self._work.outbox
        log.error("drain.unexpected", kind=outbox.kind, attempt=entry.attempts, error=name)
        if entry.attempts >= UNEXPECTED_MOST:
            await outbox.park(entry, name)
        else:
            await outbox.retry(entry, pause(entry.attempts))


def pause(attempts: int, error: GatewayError | None = None) -> float:
    """Seconds to the next attempt: what was asked for, else jitter under a doubling roof."""
    asked = getattr(error, "retry_after", None)
    roof = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(attempts, 12))
    jitter = random.uniform(FIRST_RETRY_SECONDS, roof)  # noqa: S311 - spreads load, guards nothing
    return float(asked) + random.uniform(0, 1) if asked is not None else jitter  # noqa: S311
