"""Everything at once, at random."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

from tests.fakes.cases.base import Fault
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import Ledger, crowds
from tests.faults.rows_bot import outcome
from tests.faults.stage import Stage, clock, stage

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
