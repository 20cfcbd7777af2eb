"""Those who bring reports to the case system: ``python -m bench.consumers <name> <count>``.

Each prints the seconds that it took for so many reports. ``ours`` is the programme's own drain;
``floor`` a consumer of a Redis stream with 64 requests at once and nothing else: no lookup, no
retry, no lease. What is posted is the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import uvloop
from aiohttp import ClientSession, TCPConnector
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

_STREAM, _GROUP = "bench:stream", "bench"
AT_ONCE = 64
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def ours(count: int) -> float:
    """Drain the outbox."""
    from bot.bells import Bells
    from bot.surroundings import build_base
    from config.settings import read_settings
    from workers.__main__ import _push
    from workers.drain import Drain

    base = build_base(read_settings())
    bells = Bells(base.store, os.environ["REDIS_URL"])
    push, _, closings = await _push(base, bells)
    await base.store.read("PING")
    began = time.perf_counter()
    await Drain(push).run()
    seconds = time.perf_counter() - began
    if left := await push.outbox.depth():
        raise RuntimeError(f"{left} of {count} reports were not pushed")
    for closing in closings:
        await closing()
    await bells.close()
    await base.store.close()
    return seconds


def fill(redis: BlockingRedis, bodies: list[str]) -> None:
    """Put an entry for each body into the stream."""
    redis.xgroup_create(_STREAM, _GROUP, mkstream=True)
    pipeline = redis.pipeline(transaction=False)
    for body in bodies:
        pipeline.xadd(_STREAM, {"body": body})
    pipeline.execute()


async def floor(count: int) -> float:
    """Consume the stream."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    url = os.environ["OPEN311_URL"] + "/requests.json"
    running: set[asyncio.Task[None]] = set()
    began = time.perf_counter()
    async with ClientSession(connector=TCPConnector(limit=AT_ONCE), headers=_FORM) as session:

        async def post(entry: bytes, body: bytes) -> None:
            async with session.post(url, data=body) as answer:
                await answer.read()
            await redis.xack(_STREAM, _GROUP, entry)

        taken = 0
        while taken < count:
            room = AT_ONCE - len(running)
            found: Any = await redis.xreadgroup(_GROUP, "one", {_STREAM: ">"}, count=room)
            for entry, fields in _entries(found):
                task = asyncio.create_task(post(entry, fields[b"body"]))
                running.add(task)
                task.add_done_callback(running.discard)
                taken += 1
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*running)
    seconds = time.perf_counter() - began
    await redis.aclose()
    return seconds


def _entries(found: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    streams = found.values() if isinstance(found, dict) else [rows for _, rows in found]
    return [row for rows in streams for row in (rows[0] if _nested(rows) else rows)]


def _nested(rows: Any) -> bool:
    return bool(rows) and isinstance(rows[0], list) and isinstance(rows[0][0], tuple | list)


def main(name: str, count: int) -> float:
    """The seconds that it took."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run({"ours": ours, "floor": floor}[name](count))


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2])))
