"""What a receipt costs without a conversation: ``python -m bench.committers <name> <count>``.

Each puts so many reports into the store, 32 at once, and waits for each until the disk has it, and
prints the `Round` as JSON. ``bare`` sets one value of a report's size over a connection of its own
and asks for the disk; ``commit`` is our own script, with all that a turn with a receipt writes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import uvloop
from redis.asyncio import Redis

from bench.reports import SEALED_BYTES, HandIn, made
from bench.rounds import Round
from bot.core.report import Report
from bot.store.connection import ON_DISK_MS, Store
from bot.store.reports import KEPT_SECONDS, written_report

AT_ONCE = 32


async def bare(count: int) -> Round:
    """One command for each report."""
    redis = Redis.from_url(os.environ["REDIS_URL"])

    async def keep(report: Report) -> None:
        value = written_report(report) + os.urandom(SEALED_BYTES)
        pipeline = redis.pipeline(transaction=False)
        pipeline.set(f"report:{report.reference}", value, ex=KEPT_SECONDS)
        pipeline.waitaof(1, 0, ON_DISK_MS)
        _, (here, _) = await pipeline.execute()
        if not here:
            raise RuntimeError("not on disk in time")

    found = await _timed(keep, count)
    await redis.aclose()
    return found


async def commit(count: int) -> Round:
    """Our script for each report; those of the same moment share a round trip."""
    store = Store.at(os.environ["REDIS_URL"])
    found = await _timed(HandIn(store, Path(os.environ["DATA_DIR"])).commit, count)
    await store.close()
    return found


async def _timed(keep: Callable[[Report], Awaitable[None]], count: int) -> Round:
    waiting = made(count)
    times: list[float] = []

    async def one_after_the_other() -> None:
        for report in waiting:
            began = time.perf_counter()
            await keep(report)
            times.append(time.perf_counter() - began)

    used, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return Round(count, time.perf_counter() - began, time.process_time() - used, times)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run({"bare": bare, "commit": commit}[sys.argv[1]](int(sys.argv[2])))
    print(orjson.dumps(done).decode())
