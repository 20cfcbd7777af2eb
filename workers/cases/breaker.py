"""Keeps a case system that is down from being asked by everybody who waits for it.

After a few failures in a row nothing is sent for a while, which grows; then one report goes as a
probe, and the others once it came through. A pause that the case system asks for holds for all. All
of it is in the store (`bot.store.case_system`) and ends by its clock: however many workers there
are, they send one probe.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from msgspec import Struct

from bot.core.errors import CaseSystemDown, CaseSystemError, CaseThrottled, StoreUnavailable
from bot.store.case_system import DOWN, PAUSE, PROBE
from bot.store.connection import Command, Store, spelled

FAILURES_BEFORE = 5
FIRST_PAUSE_SECONDS = 5.0
LAST_PAUSE_SECONDS = 60.0
# How long the others wait while the probe is under way.
_LOOK_AGAIN_SECONDS = 2.0
# A probe asks first and then sends, and may wait for both; who died as a probe is another's turn.
_PROBE_TIMES, _PROBE_MORE_SECONDS = 2, 5.0
# Longer than any pause: what nobody has tried for so long is tried by all.
_FORGOTTEN_SECONDS = 2 * 24 * 3600

log = structlog.get_logger()


class Admission(Struct, frozen=True):
    """Seconds to `wait` before anything is sent; 0: go on, with `watched`, perhaps as the probe."""

    wait: float = 0.0
    probe: bool = False


class Breaker:
    """One case system, as all push workers see it; this one waits so many seconds for an answer."""

    def __init__(self, store: Store, patience_seconds: float) -> None:
        self._store = store
        self._probe_ms = int((patience_seconds * _PROBE_TIMES + _PROBE_MORE_SECONDS) * 1000)
        self._failures = 0
        self._paused = False

    async def admit(self, then: Sequence[Command] = ()) -> Admission:
        """Whether something may be sent; `then` runs at that moment. Raises `StoreUnavailable`."""
        words = self._probe_ms, *spelled(then)
        left, probe = await self._store.script("admit", (PAUSE, DOWN, PROBE), words)
        if left > 0:
            spread = random.uniform(0, FIRST_PAUSE_SECONDS)  # noqa: S311 - spreads load
            return Admission(left / 1000 + spread)
        if left:
            return Admission(_LOOK_AGAIN_SECONDS)
        if not probe and self._paused:  # another worker's probe came through
            self._failures, self._paused = 0, False
        return Admission(probe=bool(probe))

    @asynccontextmanager
    async def watched(self, admission: Admission) -> AsyncIterator[None]:
        """What is sent in here tells whether the case system is there; other failures do not.

        What it tells and the store does not take is told by the next one.
        """
        told: list[Command] = [("DEL", PROBE)] if admission.probe else []
        try:
            yield
        except CaseThrottled as error:
            told = self._pause(error.retry_after) + told
            raise
        except CaseSystemDown:
            told = await self._failed(admission) + told
            raise
        except CaseSystemError:
            told = self._worked(admission)  # it answered, if not to our liking
            raise
        else:
            told = self._worked(admission)
        finally:
            await self._tell(told)

    async def _failed(self, admission: Admission) -> list[Command]:
        self._failures += 1
        if admission.probe:
            return self._pause(_jittered(await self._failed_probes()))
        if self._failures < FAILURES_BEFORE or self._paused:
            return []
        log.error("cases.down", failures=self._failures)
        return self._pause(_jittered(0))

    async def _failed_probes(self) -> int:
        with contextlib.suppress(StoreUnavailable):
            return int(await self._store.write("INCR", DOWN))
        return 0

    def _pause(self, seconds: float) -> list[Command]:
        """A longer pause that stands already stays."""
        self._paused = True
        milliseconds = max(1, int(seconds * 1000))
        return [
            ("SET", PAUSE, 1, "NX", "PX", milliseconds),
            ("PEXPIRE", PAUSE, milliseconds, "GT"),
            ("SET", DOWN, 0, "NX"),
            ("EXPIRE", DOWN, _FORGOTTEN_SECONDS),
        ]

    def _worked(self, admission: Admission) -> list[Command]:
        """Only a probe ends a pause: what was under way when it began says nothing about it."""
        self._failures = 0
        if not admission.probe:
            return []
        log.info("cases.back")
        self._paused = False
        return [("DEL", PAUSE, DOWN, PROBE)]

    async def _tell(self, told: list[Command]) -> None:
        """In this order: nobody may be the probe before the pause stands."""
        with contextlib.suppress(StoreUnavailable):
            for command in told:
                await self._store.write(*command)


def _jittered(probes_failed: int) -> float:
    roof = min(LAST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(probes_failed, 10))
    return random.uniform(roof / 2, roof)  # noqa: S311 - spreads load
