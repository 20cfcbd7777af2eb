"""Rings the workers' bell: an rq job that says there is something to do, and nothing else.

A bell that was rung and not yet answered is not rung again, and no correctness rests on it: the
workers' own sweep finds what was never rung for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from redis import Redis as BlockingRedis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from bot.core.errors import StoreUnavailable
from bot.store.address import blocking_client
from bot.store.connection import Store

UNANSWERED_SECONDS = 8
# As many bells of a kind as wake a few workers; more of them would pile up while all are away.
STANDING_MOST = 4
REPLIES = "replies"


def bell_key(kind: str) -> str:
    """Set while a bell is rung and nobody came yet."""
    return f"bell:{kind}"


def ring_once(connection: BlockingRedis, kind: str) -> None:
    """Enqueue the job that answers this bell, unless enough stand there. Blocks on the store."""
    queue = Queue(kind, connection=connection, serializer=JSONSerializer)
    if queue.count >= STANDING_MOST:
        return
    queue.enqueue(
        f"workers.jobs.{kind}",
        description=kind,
        job_timeout=-1,
        result_ttl=0,
        failure_ttl=3600,
    )


class Bells:
    """Rings from an event loop without blocking it, and without the caller waiting."""

    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._connection = blocking_client(url)
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self, kinds: Iterable[str]) -> None:
        """Ring for these kinds of work, soon."""
        for kind in kinds:
            task = asyncio.create_task(self._ring(kind))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ring(self, kind: str) -> None:
        try:
            if kind == REPLIES:
                await self._store.write("PUBLISH", bell_key(kind), b"1")
                return
            rung = await self._store.write(
                "SET", bell_key(kind), b"1", "NX", "EX", UNANSWERED_SECONDS
            )
            if rung:
                await asyncio.to_thread(ring_once, self._connection, kind)
        except (StoreUnavailable, RedisError, OSError):
            return  # the sweep rings for what stands in the outbox

    async def rung(self) -> None:
        """Wait for bells being rung, a short while."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)

    async def close(self) -> None:
        """Wait for bells being rung and let go of the store."""
        await self.rung()
        self._connection.close()
