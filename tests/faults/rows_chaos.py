"""Everything at once, at random; and entries that take a worker down with them."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from tests.fakes.cases import GeoReportServer
from tests.fakes.cases.base import Fault, Received
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, Ledger, crowds
from tests.faults.rows_bot import outcome
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, clock, stage, until

FAULTS = (
    Fault(how="reset"),
    Fault(how="reset", opens=True),
    Fault(status=500, opens=True),
    Fault(status=503),
    Fault(how="half body", opens=True),
)


async def _disaster(here: Stage, chance: random.Random) -> None:
    names = list(here.roles)
    match chance.randrange(8):
        case 0 | 1 | 2:
            role = here.roles[chance.choice(names)]
            role.signal(signal.SIGKILL)  # whoever keeps it starts it again
        case 3:
            here.roles[chance.choice(names)].signal(signal.SIGTERM)
        case 4:
            role = here.roles[chance.choice(names)]
            role.signal(signal.SIGSTOP)
            await asyncio.sleep(chance.uniform(0.2, 2))
            role.signal(signal.SIGCONT)
        case 5:
            here.proxy.up = False
            here.proxy.cut()
            await asyncio.sleep(chance.uniform(0.05, 0.5))
            here.proxy.up = True
        case 6:
            here.kill_store()
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            here.start_store()
        case 7:
            here.cases.fail(chance.choice(FAULTS), times=chance.randrange(1, 6))


@row(
    "two bots, four push workers, one store, all of the above at random for {seconds} s",
    seconds=(600, 15),
)
async def all_at_once(folder: Path, scale: Scale, seed: int) -> Count:
    """Nothing lost, nothing twice."""
    ledger, chance, disasters = Ledger(seed), random.Random(seed), 0
    async with stage(folder) as here:
        for name in ("bot", "bot2"):
            here.bot(name)
            await here.until_ready_again(name)
        for number in range(4):
            here.worker("push", f"push{number}").start()
        end = clock() + scale["seconds"]

        async def striking() -> None:
            nonlocal disasters
            while clock() < end:
                await asyncio.sleep(chance.uniform(0.1, 1.0))
                await _disaster(here, chance)
                disasters += 1

        trouble = asyncio.create_task(striking())
        urls = [here.url("bot"), here.url("bot2")]
        await crowds(urls, ledger, trouble)
        await trouble
        await here.settled(180)
        count = outcome(here, ledger, disasters, f"{len(ledger.receipts)} receipts")
        assert not count.lost, here.left()
        return count


class Deadly(GeoReportServer):
    """A case system that takes down whoever sends it a certain report."""

    def __init__(self) -> None:
        super().__init__()
        self.kills = 0
        self.strike: Callable[[], None] = lambda: None

    async def answer(self, call: Received) -> web.Response:
        if call.method == "POST" and b"poison" in call.body:
            self.kills += 1
            self.strike()
            await asyncio.Event().wait()
        return await super().answer(call)


@row(
    "poison: an entry that takes the worker down {deaths} times, among {count} good ones",
    deaths=(5, 2),
    count=(50, 10),
)
async def poison_kills(folder: Path, scale: Scale, seed: int) -> Count:
    """From the second death on it is worked on alone, and parked at the fifth."""
    ledger, count = Ledger(seed), scale["count"]
    deaths = scale["deaths"]
    async with stage(folder) as here:
        await here.cases.__aexit__(None, None, None)
        deadly = Deadly()
        async with deadly:
            here.cases = deadly
            here.bot()
            push = here.worker("push")
            deadly.strike = lambda: push.signal(signal.SIGKILL)
            await here.until_ready_again()
            async with AtPage([here.url()], Ledger(seed), "poison") as person:
                await person.reports()
            await submits(here, ledger, "g", count)
            push.start()
            ledger.fault_over()
            await until(lambda: len(deadly.cases) >= count, 180)
            await until(lambda: deadly.kills >= deaths, 180)
            if not scale.short:
                await until(lambda: here.store.hlen("outbox:push:parked") == 1, 60)
        return outcome(here, ledger, count, f"{deadly.kills} deaths")
