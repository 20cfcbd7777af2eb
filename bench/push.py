"""From the outbox into the case system: reports a second, and how long one report waits.

Whoever brings them has a core to itself; case system and Valkey share the other.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import uvloop
from aiohttp import web

from bench import drains
from bench.cores import LOAD, pin, running, serving
from bench.drains import Drain, Round, settings
from bench.ports import free_port
from bench.report import Report
from bench.reports import HandIn, made
from bench.stores import BenchStore, open_store
from bench.targets import Target, largest
from bot.bells import Bells
from bot.store.connection import Store

FLOOR, OURS, RQ = "stream consumer, 64 at once", "outbox and drain", "rq SimpleWorker, a job each"
UNIT = "reports/s"
_DRAINS: dict[str, Drain] = {
    FLOOR: drains.FLOOR,
    OURS: drains.OURS,
    "arq, 64 at once": drains.ARQ,
    "arq, 64 at once, polling without a pause": drains.ARQ_RESTLESS,
    RQ: drains.RQ_SIMPLE,
    "rq WorkerPool of 2 SimpleWorkers": drains.RQ_POOL,
    "rq Worker, a fork each": drains.RQ_FORK,
}
# How many reports a round has, in the order above, by the seconds in which the case system answers.
_COUNTS = {
    0.005: (6000, 4000, 960, 960, 150, 200, 40),
    0.05: (2500, 2500, 640, 640, 40, 60, 20),
}
_WAITS = 40


def throughput(seconds: float, quick: bool) -> Report:
    """All of them in turn, against a case system that answers in so many seconds."""
    report = Report(f"Reports into a case system that answers in {seconds * 1000:.0f} ms", FLOOR)
    rates: dict[str, list[float]] = {name: [] for name in _DRAINS}
    port = free_port()
    with ExitStack() as stack:
        store = stack.enter_context(open_store())
        stack.enter_context(serving("case", port, {"ANSWER_SECONDS": str(seconds)}, LOAD))
        round_ = Round(store, port)
        for _ in range(1 if quick else 3):
            for (name, drain), count in zip(_DRAINS.items(), _COUNTS[seconds], strict=True):
                rates[name].append(round_.rate(drain, count))
    for name, values in rates.items():
        report.add(name, UNIT, values)
    return report


def waiting(quick: bool) -> Report:
    """How long one report waits at low load, through a real worker process woken by the bell."""
    report = Report("From commit to the case system's door, one report at a time", OURS)
    with open_store(None) as store:
        report.add(OURS, "ms", uvloop.run(_waits(store, _WAITS // 4 if quick else _WAITS)))
    return report


async def _waits(store: BenchStore, count: int) -> list[float]:
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def open_case(request: web.Request) -> web.Response:
        arrived.put_nowait(time.perf_counter())
        return web.json_response([{"service_request_id": "1"}], status=201)

    application = web.Application()
    application.router.add_post("/requests.json", open_case)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    env = settings(store, f"http://127.0.0.1:{port}")
    opened = Store.at(store.url)
    hand_in = HandIn(opened, store.folder)
    bells = Bells(opened, store.url)
    waits = []
    with running([sys.executable, "-m", "workers", "push"], None, env):
        for number, one in enumerate(made(count + 1)):
            await hand_in.commit(one)
            began = time.perf_counter()
            bells.ring(["push"])
            seconds = await asyncio.wait_for(arrived.get(), 30) - began
            if number:  # the first one waits for the worker's own start
                waits.append(seconds * 1000)
            await asyncio.sleep(random.uniform(0.15, 0.35))
    await bells.close()
    await opened.close()
    await runner.cleanup()
    return waits


def measure(quick: bool = False) -> list[Report]:
    """Every table of this benchmark."""
    pin(LOAD)
    return [throughput(0.005, quick), throughput(0.05, quick), waiting(quick)]


def targets(tables: Sequence[Report]) -> list[Target]:
    """What is promised of the way into the case system."""
    found = []
    for table, seconds in zip(tables, _COUNTS, strict=False):
        case = f"case system in {seconds * 1000:.0f} ms: reports a second"
        found.append(Target(f"{case}, × stream consumer", table.ratio(OURS, UNIT), least=0.5))
        found.append(Target(f"{case}, × rq SimpleWorker", table.ratio(OURS, UNIT, RQ), least=40))
    slowest = largest(tables[-1], OURS, "ms")
    return [*found, Target("one report, commit to POST, slowest, ms", slowest, most=100)]


if __name__ == "__main__":
    for table in measure("--quick" in sys.argv):
        print(table.markdown())
