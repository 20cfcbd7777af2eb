"""From the outbox into the case system: reports a second, and how long one report waits.

The consumer has a core to itself; case system and Valkey share the other. Floor and rq POST the
very bodies that our drain sends.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from urllib.request import urlopen

import uvloop
from aiohttp import web

from bench import consumers
from bench.conversation import form
from bench.cores import LOAD, MEASURED, pin, running, serving
from bench.ports import free_port
from bench.report import Report
from bench.reports import commit, made, stand
from bench.stores import BenchStore, open_store
from bench.targets import Target, largest
from bot.bells import Bells
from bot.secrets import Secrets, kept
from bot.store.connection import Store
from locales.catalogue import Catalogues
from workers.cases.form import encode, fields
from workers.cases.mapping import submission

FLOOR, OURS, RQ = "stream consumer, 64 at once", "outbox and drain", "rq SimpleWorker, a job each"
UNIT = "reports/s"
_NAMES = {FLOOR: "floor", OURS: "ours", RQ: "rq"}
# How many reports a round has, by the seconds in which the case system answers.
_COUNTS = {0.005: {FLOOR: 6000, OURS: 4000, RQ: 150}, 0.05: {FLOOR: 2500, OURS: 2500, RQ: 40}}
_WAITS = 40


class Round:
    """One store, one case system."""

    def __init__(self, store: BenchStore, port: int) -> None:
        self._store = store
        self._url = f"http://127.0.0.1:{port}"
        self._say = Catalogues.load().say
        self._form = form()

    def rate(self, name: str, count: int) -> float:
        """Reports a second of one consumer; every one of them is counted at the case system."""
        self._store.client.flushall()
        self._prepare(name, count)
        before = self._opened()
        seconds = float(self._run(name, count))
        if (opened := self._opened() - before) != count:
            raise RuntimeError(f"{opened} cases were opened for {count} reports by {name}")
        return count / seconds

    def _prepare(self, name: str, count: int) -> None:
        if name == OURS:
            asyncio.run(_stand(self._store, count))
        elif name == RQ:
            consumers.enqueue(self._store.client, self._bodies(count))
        else:
            self._store.client.xgroup_create(consumers.STREAM, consumers.GROUP, mkstream=True)
            pipeline = self._store.client.pipeline(transaction=False)
            for body in self._bodies(count):
                pipeline.xadd(consumers.STREAM, {"body": body})
            pipeline.execute()

    def _bodies(self, count: int) -> list[str]:
        return [
            encode(
                fields(
                    submission(one, self._form, self._say, (), "zh", to_the="hour"),
                    links_declared=False,
                )
            ).decode()
            for one in made(count)
        ]

    def _opened(self) -> int:
        with urlopen(f"{self._url}/count", timeout=5) as answer:
            return int(answer.read())

    def _run(self, name: str, count: int) -> str:
        env = {**os.environ, **_settings(self._store, self._url)}
        command = [sys.executable, "-m", "bench.consumers", _NAMES[name], str(count)]
        done = subprocess.run(
            command,
            env=env,
            stdout=subprocess.PIPE,
            check=True,
            timeout=120,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {MEASURED}),
        )
        return done.stdout.splitlines()[-1]


def _settings(store: BenchStore, url: str) -> dict[str, str]:
    return {
        "REDIS_URL": store.url,
        "DATA_DIR": str(store.folder),
        "CASE_SYSTEM": "open311",
        "OPEN311_URL": url,
        "LOG_LEVEL": "WARNING",
    }


async def _stand(store: BenchStore, count: int) -> None:
    opened = Store.at(store.url)
    await stand(opened, _key(store), list(made(count)))
    await opened.close()


def _key(store: BenchStore) -> bytes:
    return Secrets(kept(store.folder, "conversation")).key("receipts")


def throughput(seconds: float, quick: bool) -> Report:
    """All consumers in turn, against a case system that answers in so many seconds."""
    report = Report(f"Reports into a case system that answers in {seconds * 1000:.0f} ms", FLOOR)
    rates: dict[str, list[float]] = {name: [] for name in _NAMES}
    port = free_port()
    with ExitStack() as stack:
        store = stack.enter_context(open_store())
        stack.enter_context(serving("case", port, {"ANSWER_SECONDS": str(seconds)}, LOAD))
        round_ = Round(store, port)
        for _ in range(1 if quick else 3):
            for name, count in _COUNTS[seconds].items():
                rates[name].append(round_.rate(name, count))
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
    env = _settings(store, f"http://127.0.0.1:{port}")
    opened = Store.at(store.url)
    bells = Bells(opened, store.url)
    waits = []
    with running([sys.executable, "-m", "workers", "push"], None, env):
        for number, one in enumerate(made(count + 1)):
            await commit(opened, _key(store), one)
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
