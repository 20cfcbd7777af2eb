"""Entries that take their worker down with them, each time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from bot.store.outbox import DEATHS_MOST
from tests.fakes.cases import GeoReportServer, Manners
from tests.fakes.cases.base import Received
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, Ledger
from tests.faults.rows_bot import outcome
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, stage, until
from workers.drain import UNEXPECTED_MOST

# What the watchdog ends a process with.
STUCK = 1
DIED = f"nobody who took it up came back, {DEATHS_MOST} times"


class Deadly(GeoReportServer):
    """A case system that takes down whoever sends it a certain report."""

    def __init__(self) -> None:
        super().__init__(Manners(pages=True))
        self.kills = 0
        self.strike: Callable[[], None] = lambda: None

    async def answer(self, call: Received) -> web.Response:
        if call.method == "POST" and b"poison" in call.body:
            self.kills += 1
            self.strike()
            await asyncio.Event().wait()
        return await super().answer(call)


@row(
    "poison: a report whose push is answered by SIGKILL, {deaths} times, among {count} good ones",
    deaths=(5, 3),
    count=(50, 10),
)
async def poison_kills(folder: Path, scale: Scale, seed: int) -> Count:
    """From the second death on it is worked on alone, and parked at the fifth."""
    ledger, count = Ledger(seed), scale["count"]
    async with stage(folder) as here:
        await here.cases.__aexit__(None, None, None)
        deadly = Deadly()
        async with deadly:
            here.cases = deadly
            here.bot()
            push = here.worker("push")
            deadly.strike = lambda: push.signal(signal.SIGKILL)
            await here.until_ready_again()
            await _prepared(here, ledger, count, DEATHS_MOST - scale["deaths"])
            push.start()
            ledger.fault_over()
            await _parked(here, scale, DIED)
            await here.settled()
            assert deadly.kills == scale["deaths"]
            assert push.ends == [-signal.SIGKILL] * deadly.kills
        return outcome(here, ledger, count, f"parked after {deadly.kills} deaths")


@row(
    "poison: a report that loops endlessly, one that segfaults ({deaths} times each) and one that "
    "eats all memory, each among {count} good ones",
    deaths=(5, 3),
    count=(50, 5),
)
async def poison_of_all_kinds(folder: Path, scale: Scale, seed: int) -> Count:
    """The watchdog ends the loop; whatever the kind, it is parked and all others flow."""
    deaths = scale["deaths"]
    played = await asyncio.gather(
        _poisoned(folder / "loop", "loop", scale, seed, [STUCK] * deaths),
        _poisoned(folder / "crash", "segfault", scale, seed, [-signal.SIGSEGV] * deaths),
        # What runs out first decides whether an exception comes of it or the end of the process.
        _poisoned(folder / "memory", "memory", scale, seed, None),
    )
    return sum(played, Count())


async def _poisoned(
    folder: Path, how: str, scale: Scale, seed: int, ends: list[int] | None
) -> Count:
    ledger, count = Ledger(seed), scale["count"]
    async with stage(folder) as here:
        here.bot()
        push = here.role("push", "tests.faults.poisoned", how)
        await here.until_ready_again()
        await _prepared(here, ledger, count, DEATHS_MOST - len(ends) if ends else 0)
        push.start()
        ledger.fault_over()
        await _parked(here, scale, DIED, *(() if ends else ("MemoryError",)))
        await here.settled()
        assert ends is None or push.ends == ends, push.ends
        assert len(push.ends) <= DEATHS_MOST
        raised = push.said().count("drain.unexpected")
        assert raised <= UNEXPECTED_MOST
        after = [f"{len(push.ends)} deaths"] * bool(push.ends) + [f"{raised} errors"] * bool(raised)
        return outcome(here, ledger, count, f"{how}: parked after {' and '.join(after)}")


async def _prepared(here: Stage, ledger: Ledger, count: int, spared: int) -> None:
    """Good reports, and a poisonous one in the midst of them, wait for a worker.

    So many deaths are spared: they are written down as if they had been.
    """
    await submits(here, ledger, "before", count // 2)
    before = _waiting(here)
    async with AtPage([here.url()], Ledger(ledger.seed), "poison") as person:
        await person.reports()
    [poison] = _waiting(here) - before
    if spared:
        here.store.hset("outbox:push:leases", poison, f"0:{spared}:{spared}")
    await submits(here, ledger, "after", count - count // 2)


def _waiting(here: Stage) -> set[str]:
    return {name.decode() for name, _ in here.store.zscan_iter("outbox:push")}


async def _parked(here: Stage, scale: Scale, *reasons: str) -> None:
    """Until the poison is parked, for such a reason. In short, nobody waits for a lease to end."""
    store = here.store

    def parked() -> bool:
        if scale.short and not here.roles["push"].runs:
            here.time_passes("push")
        return bool(store.hlen("outbox:push:parked"))

    await until(parked, 240)
    [reason] = store.hvals("outbox:push:parked")
    assert reason in [one.encode() for one in reasons], reason
