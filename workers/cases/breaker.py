"""Keeps a case system that is down from being asked by everybody who waits for it.

After a few failures in a row nothing is sent for a while, which grows; then one report goes as a
probe, and the others once it came through. A pause that the case system asks for holds for all.
Each process has a breaker of its own: so many push workers send so many probes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.core.errors import CaseSystemDown, CaseSystemError, CaseThrottled

FAILURES_BEFORE = 5
FIRST_PAUSE_SECONDS = 5.0
LAST_PAUSE_SECONDS = 60.0
# How long the others wait while the probe is under way.
_LOOK_AGAIN_SECONDS = 2.0

log = structlog.get_logger()


class Breaker:
    """One case system, as this process sees it."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._probing = False

    def pause(self) -> float:
        """Seconds to wait before anything is sent; 0: go on, with `watched`."""
        if not self._until:
            return 0.0
        left = self._until - time.monotonic()
        if left > 0:
            return left + random.uniform(0, FIRST_PAUSE_SECONDS)  # noqa: S311 - spreads load
        return _LOOK_AGAIN_SECONDS if self._probing else 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What is sent in here tells whether the case system is there; other failures do not."""
        self._probing = probe = bool(self._until)
        try:
            yield
        except CaseThrottled as error:
            self._until = time.monotonic() + error.retry_after
            raise
        except CaseSystemDown:
            self._failed()
            raise
        except CaseSystemError:
            self._worked()  # it answered, if not to our liking
            raise
        else:
            self._worked()
        finally:
            if probe:
                self._probing = False

    def _failed(self) -> None:
        self._failures += 1
        over = self._failures - FAILURES_BEFORE
        if over < 0:
            return
        roof = min(LAST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(over, 10))
        if not self._until:
            log.error("cases.down", failures=self._failures)
        self._until = time.monotonic() + random.uniform(roof / 2, roof)  # noqa: S311

    def _worked(self) -> None:
        if self._until:
            log.info("cases.back", failures=self._failures)
        self._failures, self._until = 0, 0.0
