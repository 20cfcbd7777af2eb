"""What one worker process holds from start to stop: an event loop, its work, and its bell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from redis.exceptions import RedisError

from bot.bells import Bells, bell_key
from bot.core.errors import StoreUnavailable
from bot.store.connection import Store
from bot.watchdog import watched
from workers.drain import Drain, Work

# Several times the longest that anything may take between two turns of the loop.
STUCK_SECONDS = 60.0


class Runtime:
    """The work of this process and the loop that it runs on."""

    def __init__(
        self,
        kind: str,
        store: Store,
        work: Work,
        bells: Bells,
        afterwards: Callable[[], Awaitable[object]],
        *,
        runner: asyncio.Runner,
    ) -> None:
        self.kind = kind
        self._store = store
        self._bells = bells
        self._afterwards = afterwards
        self._runner = runner
        self._drain = Drain(work)

    def answer(self) -> None:
        """Answer a bell: first say so, then drain, so that what comes meanwhile rings again.

        Work that keeps the loop from turning ends the process; whoever starts it again does the
        rest, and what was in hand counts a death.
        """
        self._runner.run(self._answer())

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._drain.stopping

    def stop(self) -> None:
        """Take nothing new, and hand back what takes long; may be called in a signal handler."""
        self._drain.stopping = True

    async def _answer(self) -> None:
        try:
            async with watched(STUCK_SECONDS):
                await self._store.write("DEL", bell_key(self.kind))
                await self._drain.run()
                await self._afterwards()
                # The loop turns no more until the next bell: one half rung would keep others
                # silent.
                await self._bells.rung()
        except (StoreUnavailable, RedisError):
            return  # the sweep rings again once the store answers


_current: Runtime | None = None


def install(runtime: Runtime) -> None:
    """Make this the runtime of the process."""
    global _current  # noqa: PLW0603 - rq calls functions by name, and they need to find it
    _current = runtime


def answer(kind: str) -> None:
    """Answer a bell of that kind, if this process is there for it."""
    if _current is not None and _current.kind == kind:
        _current.answer()
