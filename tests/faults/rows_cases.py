"""What fails is the case system: away, or it will not have what it is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import patch

from aiohttp import web

from tests.fakes.cases import Fault, Manners
from tests.fakes.cases.base import Received
from tests.faults.matrix import Count, Scale, row
from tests.faults.pushing import (
    FASTER,
    WORKERS,
    all_until_empty,
    colleagues,
    faster,
    only,
    open311,
    pushing,
    told,
    until_empty,
    waiting,
)
from tests.faults.stage import clock, stage
from workers.drain import Drain
from workers.push import Push


@row(
    "the case system is down for (simulated) {hours} h, {count} reports wait for 4 push workers",
    hours=(6, 1),
    count=(2000, 200),
)
async def cases_down_for_hours(folder: Path, scale: Scale, seed: int) -> Count:
    """One probe now and then, and all of them once it is back."""
    count, outage = scale["count"], scale["hours"] * 3600 / FASTER
    async with (
        stage(folder) as here,
        colleagues(here.store_url, open311(here)) as (store, pushes),
    ):
        with faster(FASTER):
            names = await waiting(store, count)
            with patch.object(here.cases, "answer", _away):
                drains = [Drain(push) for push in pushes]
                for drain in drains:
                    asyncio.get_running_loop().call_later(outage, setattr, drain, "stopping", True)
                await asyncio.gather(*(drain.run() for drain in drains))
                asked = len(here.cases.received)
            over = clock()
            await all_until_empty(pushes, 120)
        found = told(here.cases, names, over)
        # Those that were under way together, and then a probe each half to whole minute, of all.
        assert asked < Push.at_once * WORKERS + outage * FASTER / 30 + 20, asked
        found.note = f"{asked} requests during the outage"
        return found


async def _away(_: Received) -> web.Response:
    return web.Response(status=503)


# Far less than eight tries of an entry take, however much they are shortened.
WITHOUT_WAITING_SECONDS = 8.0
REFUSED = {status: Fault(status=status) for status in (400, 401, 403, 422)}


@row("400, 401, 403, 422: the case system will not have it, {each} reports each", each=(20, 3))
async def cases_refuse(folder: Path, scale: Scale, seed: int) -> Count:
    """Parked with what was said, and sent once an operator puts it back."""
    each, total = scale["each"], Count()
    async with stage(folder) as here, pushing(here.store_url, open311(here)) as (store, push):
        with faster(FASTER):
            for status, fault in REFUSED.items():
                began, names = clock(), await waiting(store, each, start=status * 1000)
                here.cases.fail(fault, times=each)
                await until_empty(push, 30)
                assert set(await push.outbox.parked()) == names
                for name in names:
                    assert await push.outbox.put_back(name)
                await until_empty(push, 30)
                total += told(only(here.cases, names), names, began)
    total.note = "parked, put back"
    return total


@row("a case system that cannot be searched breaks off: {count} in doubt", count=(50, 5))
async def cases_in_doubt(folder: Path, scale: Scale, seed: int) -> Count:
    """Never sent blindly twice: an operator decides."""
    count = scale["count"]
    manners = Manners(lists=False)
    async with (
        stage(folder, manners) as here,
        pushing(here.store_url, open311(here)) as (store, push),
    ):
        with faster(FASTER):
            names = await waiting(store, count)
            here.cases.fail(Fault(how="reset", opens=True), times=count)
            here.cases.fail(Fault(status=404), times=100, method="GET")
            began = clock()
            await until_empty(push, 20)
        parked = await push.outbox.parked()
        found = told(here.cases, names, began)
        assert set(parked) == names
        assert all("CaseInDoubt" in reason for reason in parked.values()), parked
        found.note = f"{len(parked)} parked in doubt"
        return found


@row("poison: 3 entries that always raise, among {count} good ones", count=(500, 50))
async def poison_raises(folder: Path, scale: Scale, seed: int) -> Count:
    """Parked after eight tries; the others do not wait for it."""
    count = scale["count"]
    async with stage(folder) as here, pushing(here.store_url, open311(here)) as (store, push):
        with faster(FASTER):
            names = await waiting(store, count)
            await waiting(store, 3, start=10**6)
            for number in range(10**6, 10**6 + 3):
                await store.write("SET", f"report:{number:026d}", b"no report")
            began = clock()
            await until_empty(push, 60)
        assert len(await push.outbox.parked()) == 3
        found = told(here.cases, names, began)
        assert found.worst is not None
        assert found.worst < WITHOUT_WAITING_SECONDS, "the others waited"
        found.note = "3 parked"
        return found
