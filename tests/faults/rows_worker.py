"""What dies, sleeps or is away is a worker."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.fakes.cases import Fault
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, Ledger
from tests.faults.proxy import Verdict, When
from tests.faults.rows_bot import outcome
from tests.faults.stage import Stage, stage, until

RECOVERY_SECONDS = 60.0


async def submits(
    here: Stage, ledger: Ledger, name: str, count: int = 1, *, pictures: bool = False
) -> None:
    """So many reports of so many people, each with a picture if so."""

    async def one(number: int) -> None:
        async with AtPage([here.url()], ledger, f"{name}{number}", pictures=pictures) as person:
            await person.reports()

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))


Plant = Callable[[Stage], None]


def _at_script(script: str, when: When) -> Plant:
    def plant(here: Stage) -> None:
        def strike(_: bytes) -> Verdict:
            here.roles["push"].kill()
            return "cut"

        here.proxy.on(script, when, strike, "push")

    return plant


def _at_post(*, opened: bool) -> Plant:
    def plant(here: Stage) -> None:
        here.cases.fail(Fault(how="hang", opens=opened))

    return plant


POINTS: dict[str, Plant] = {
    "as it claims": _at_script("claim", "before"),
    "after the claim": _at_script("claim", "after"),
    "before the case is opened": _at_post(opened=False),
    "after the case is opened": _at_post(opened=True),
    "before its mark": _at_script("settle", "before"),
    "after its mark": _at_script("settle", "after"),
}


@row(
    "kill -9 of the push worker before and after claim, POST and mark, {times} × each",
    times=(5, 1),
)
async def worker_killed_at_points(folder: Path, scale: Scale, seed: int) -> Count:
    """Whoever comes next asks the case system before it sends anything."""
    played = await asyncio.gather(
        *(_killed_at(folder / str(number), name, scale, seed) for number, name in enumerate(POINTS))
    )
    return sum(played, Count())


async def _killed_at(folder: Path, point: str, scale: Scale, seed: int) -> Count:
    ledger, times = Ledger(seed), scale["times"]
    async with stage(folder) as here:
        here.bot()
        push = here.worker("push")
        await here.until_ready_again()
        for number in range(times):
            await submits(here, ledger, f"k{number}-")
            POINTS[point](here)
            push.start()
            await until(lambda: not here.cases.unmet and not here.proxy.unmet, 60)
            push.kill()
            if scale.short:
                here.time_passes("push")
            push.start()
            ledger.fault_over()
            await here.settled(RECOVERY_SECONDS)
            push.kill()
        return outcome(here, ledger, times)


@row(
    "sweep and all workers away while {count} people report, every bell gone; then back",
    count=(500, 30),
)
async def workers_away(folder: Path, scale: Scale, seed: int) -> Count:
    """The outbox is the queue: what stood there goes out once they are back."""
    ledger, count = Ledger(seed), scale["count"]
    async with stage(folder) as here:
        here.bot()
        await here.until_ready_again()
        await submits(here, ledger, "a", count)
        store = here.store
        # As after an hour: every bell that was rung is gone.
        store.delete(*store.keys("bell:*"), *store.keys("rq:*"))
        here.worker("push").start()
        ledger.fault_over()
        await here.settled()
        return outcome(here, ledger, count)


@row(
    "kill -9 of the supervisor alone, and of its push worker in the midst of a push, {times} ×",
    times=(3, 1),
)
async def supervisor_killed(folder: Path, scale: Scale, seed: int) -> Count:
    """With the parent the children go; a child that dies is started again."""
    ledger, tried = Ledger(seed), 0
    async with stage(folder) as here:
        whole = here.bot()
        whole._words = ["bot"]
        for _ in range(scale["times"]):
            await here.until_ready_again()
            await submits(here, ledger, f"p{tried}-", 3)
            assert whole.process
            whole.held = True
            whole.signal(signal.SIGKILL)  # not its family: the kernel sees to that
            whole.process.wait()
            await here.until_ready_again()
            here.cases.fail(Fault(how="hang", opens=True))
            await submits(here, ledger, f"c{tried}-", 3)
            await until(lambda: not here.cases.unmet, 30)
            [child] = _children(whole.process.pid, "workers push")
            child.kill()
            child.wait(10)
            if scale.short:
                here.time_passes("push")
            ledger.fault_over()
            await here.settled(RECOVERY_SECONDS)
            whole.kill()
            await until(lambda: _nobody_listens(here), 20)
            tried += 2
        return outcome(here, ledger, tried)


def _children(parent: int, words: str) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(parent).children(recursive=True)
        if words in " ".join(child.cmdline())
    ]


def _nobody_listens(here: Stage) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", here.ports["bot"])) != 0
