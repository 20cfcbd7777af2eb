"""What dies is the store's primary, and Sentinel makes the replica the primary."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.fakes.cases import Fault
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import Ledger, crowds
from tests.faults.rows_bot import outcome
from tests.faults.stage import Stage, stage
from tests.sentinels import City, city

BOTS, PUSHES = ("bot", "bot2"), ("push", "push2")
# So many cases are opened slowly that a kill hits some between claim, POST and mark.
SLOW_SECONDS = 0.7
SLOW_MOST = 100_000
# Long enough for a report that nobody was promised to be claimed, and sent if that was allowed.
LAG_SECONDS = 1.0, 3.0


@row(
    "kill -9 of the primary {kills} ×, every other time while its replica lags behind; Sentinel "
    "promotes that one, the old one comes back as its replica; two bots, two push workers, "
    "REPLICAS=1, 3 Sentinels, people report throughout",
    kills=(20, 2),
)
async def primary_killed(folder: Path, scale: Scale, seed: int) -> Count:
    """What the new primary does not know was promised to nobody and sent nowhere."""
    ledger, chance, kills = Ledger(seed), random.Random(seed), scale["kills"]
    with city(folder / "city") as stores:
        async with stage(folder, store=False) as here:
            here.extra = {"REDIS_URL": stores.url, "REPLICAS": "1"}
            here.cases.fail(Fault(how="slow", opens=True, seconds=SLOW_SECONDS), SLOW_MOST)
            for name in BOTS:
                here.bot(name)
                await here.until_ready_again(name)
            for name in PUSHES:
                here.worker("push", name).start()
            over = asyncio.create_task(_killing(stores, ledger, chance, kills, short=scale.short))
            await crowds([here.url(name) for name in BOTS], ledger, over)
            here.store_port = stores.port(stores.primary)
            await here.settled()
            assert not _parked(here), here.left()
            return outcome(here, ledger, kills, f"{len(ledger.receipts)} receipts")


async def _killing(
    stores: City, ledger: Ledger, chance: random.Random, kills: int, *, short: bool
) -> None:
    for number in range(kills):
        await ledger.another()
        await asyncio.sleep(chance.uniform(0.0, 2.0))
        lag = 0.0 if number % 2 else chance.uniform(*LAG_SECONDS)
        # One that does not know whose replica it is by now stays a primary for some 20 seconds.
        knows = short or number % 3 > 0
        await asyncio.to_thread(stores.fails_over, lag, knows=knows)
        ledger.fault_over()
    await ledger.another()


def _parked(here: Stage) -> bool:
    return any("drain.parked" in role.said() for role in here.roles.values())
