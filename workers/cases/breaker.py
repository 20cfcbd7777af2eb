"""Keeps a case system that is down from being asked by everybody who waits for it.

After a few failures in a row nothing is sent for a while, which grows; then one report goes as a
probe, and the others once it came through. A pause that the case system asks for holds for all. All
of it is in the store (`bot.store.case_system`) and ends by its clock: however many workers there
are, they send one probe.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import structlog
from msgspec import Struct

from bot.core.errors import CaseSystemDown, CaseSystemError, CaseThrottled, StoreUnavailable
from bot.store.case_system import DOWN, PAUSE, PROBE
from bot.store.connection import Store

FAILURES_BEFORE = 5
FIRST_PAUSE_SECONDS = 5.0
LAST_PAUSE_SECONDS = 60.0
# A pause that is over at once is asked for by mistake, as by a server whose clock is behind ours.
LEAST_ASKED_SECONDS = 1.0
# How long the others wait while the probe is under way.
_LOOK_AGAIN_SECONDS = 2.0
# A probe asks first and then sends, and may wait for both; who died as a probe is another's turn.
_PROBE_TIMES, _PROBE_MORE_SECONDS = 2, 5.0
# Longer than any pause: what nobody has tried for so long is tried by all.
_FORGOTTEN_MS = 2 * 24 * 3600 * 1000

log = structlog.get_logger()


class Admission(Struct, frozen=True):
    """Seconds to `wait` before anything is sent; 0: go on, with `watched`.

    As the probe if `failed` says so: it is how many failed before it, None for no probe.
    """

    wait: float = 0.0
    failed: int | None = None


class Breaker:
    """One case system, as all push workers see it; this one waits so many seconds for an answer."""

    def __init__(self, store: Store, patience_seconds: float) -> None:
        self._store = store
        self._probe_ms = int((patience_seconds * _PROBE_TIMES + _PROBE_MORE_SECONDS) * 1000)
        self._failures = 0
        self._paused = False

    async def admit(self) -> Admission:
        """Whether something may be sent. Raises `StoreUnavailable`."""
        left, failed = await self._store.script("admit", (PAUSE, DOWN, PROBE), (self._probe_ms,))
        if left > 0:
            spread = random.uniform(0, FIRST_PAUSE_SECONDS)  # noqa: S311 - spreads load
            return Admission(left / 1000 + spread)
        if left:
            return Admission(_LOOK_AGAIN_SECONDS)
        if failed < 0 and self._paused:  # another worker's probe came through
            self._failures, self._paused = 0, False
        return Admission(failed=failed if failed >= 0 else None)

    @asynccontextmanager
    async def watched(self, admission: Admission) -> AsyncIterator[None]:
        """What is sent in here tells whether the case system is there; other failures do not."""
        try:
            yield
        except CaseThrottled as error:
            await self._pause(max(error.retry_after, LEAST_ASKED_SECONDS), admission.failed)
            raise
        except CaseSystemDown:
            await self._not_there(admission.failed)
            raise
        except CaseSystemError:
            await self._there(admission.failed)  # it answered, if not to our liking
            raise
        except BaseException:
            await self._says_nothing(admission.failed)
            raise
        await self._there(admission.failed)

    async def _not_there(self, failed: int | None) -> None:
        self._failures += 1
        if failed is not None:
            await self._pause(_jittered(failed + 1), failed + 1)
        elif self._failures >= FAILURES_BEFORE and not self._paused:
            log.error("cases.down", failures=self._failures)
            await self._pause(_jittered(0), None)

    async def _there(self, failed: int | None) -> None:
        """Only a probe ends a pause: what was under way when it began says nothing about it."""
        self._failures = 0
        if failed is None:
            return
        log.info("cases.back")
        self._paused = False
        await self._tell(self._store.write("DEL", PAUSE, DOWN, PROBE))

    async def _says_nothing(self, failed: int | None) -> None:
        if failed is not None:
            await self._tell(self._store.write("DEL", PROBE))

    async def _pause(self, seconds: float, failed: int | None) -> None:
        self._paused = True
        words = max(1, int(seconds * 1000)), _FORGOTTEN_MS, "" if failed is None else failed
        await self._tell(self._store.script("pause", (PAUSE, DOWN, PROBE), words))

    async def _tell(self, told: Awaitable[object]) -> None:
        """What the store does not take now, the next one tells it."""
        with contextlib.suppress(StoreUnavailable):
            await told


def _jittered(probes_failed: int) -> float:
    roof = min(LAST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(probes_failed, 10))
    return random.uniform(roof / 2, roof)  # noqa: S311 - spreads load
