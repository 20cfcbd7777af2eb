"""arq, which brings reports to the case system: ``python -m bench.peer_arq <poll delay> <count>``.

It takes only older clients of the store than ours, so it runs in an environment of its own (see
the Makefile) and imports nothing of the programme or the benchmarks. The bodies come over standard
input, one a line, and are enqueued before the clock starts; printed are the seconds that the
worker took for so many.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from typing import Any

import uvloop
from aiohttp import ClientSession, TCPConnector
from arq import Worker, create_pool
from arq.connections import ArqRedis, RedisSettings

AT_ONCE = 64
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def post(context: dict[str, Any], body: str) -> None:
    """One job: one request, over a connection that stays open."""
    async with context["session"].post(context["url"], data=body) as answer:
        answer.raise_for_status()
        await answer.read()


async def main(poll_delay: float, bodies: list[str]) -> float:
    """The seconds that it took."""
    redis = await create_pool(RedisSettings.from_dsn(os.environ["REDIS_URL"]))
    await _enqueue(redis, bodies)
    url = os.environ["OPEN311_URL"] + "/requests.json"
    async with ClientSession(connector=TCPConnector(limit=AT_ONCE), headers=_FORM) as session:
        worker = Worker(
            [post],
            redis_pool=redis,
            burst=True,
            max_jobs=AT_ONCE,
            poll_delay=poll_delay,
            keep_result=0,
            log_results=False,
            ctx={"session": session, "url": url},
        )
        began = time.perf_counter()
        done = await worker.run_check()
        seconds = time.perf_counter() - began
    await worker.close()
    if done != len(bodies):
        raise RuntimeError(f"{done} of {len(bodies)} jobs were done")
    return seconds


async def _enqueue(redis: ArqRedis, bodies: list[str]) -> None:
    for start in range(0, len(bodies), AT_ONCE):
        some = bodies[start : start + AT_ONCE]
        await asyncio.gather(*(redis.enqueue_job("post", body) for body in some))


if __name__ == "__main__":
    logging.getLogger("arq").setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(main(float(sys.argv[1]), sys.stdin.read().split())))
