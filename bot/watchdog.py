"""Ends a process whose event loop does not turn any more; whoever started it starts it again.

The standard library's watchdog is a thread in C: it works even where an endless loop never lets go
of the interpreter, as a regular expression does not. Before it ends the process, with code 1, it
prints where each thread was: files, lines and names of functions, and nothing that they held.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_BEATS = 10


@asynccontextmanager
async def watched(seconds: float) -> AsyncIterator[None]:
    """Within this, the loop turns at least once in so many seconds, or the process ends."""
    _arm(seconds)
    beating = asyncio.create_task(_beat(seconds))
    try:
        yield
    finally:
        beating.cancel()
        faulthandler.cancel_dump_traceback_later()


async def _beat(seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds / _BEATS)
        # Where there is no memory for a thread just now, the next beat has some.
        with contextlib.suppress(RuntimeError):
            _arm(seconds)


def _arm(seconds: float) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True)
