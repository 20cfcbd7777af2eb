"""The workers besides the push worker: killed at every point, and given a bomb."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.events import event, signed, tell
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPage, Ledger
from tests.faults.pictures import bomb
from tests.faults.proxy import Verdict, When
from tests.faults.rows_bot import outcome
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, stage, until

OTHERS = ("media", "notices", "delivery")
# A claim that is not answered is before the effect; a mark that does not arrive is after it.
POINTS: tuple[tuple[str, When], ...] = (
    ("claim", "before"),
    ("claim", "after"),
    ("settle", "before"),
    ("settle", "after"),
)


@row(
    "kill -9 of the media, notices and delivery workers before and after claim and mark, "
    "{times} × each",
    times=(3, 1),
)
async def others_killed_at_points(folder: Path, scale: Scale, seed: int) -> Count:
    """Each picture is safe and goes with its report; each notice is in the inbox once."""
    ledger, version = Ledger(seed), 0
    async with stage(folder) as here:
        here.bot()
        for kind in ("push", *OTHERS):
            here.worker(kind).start()
        await here.until_ready_again()
        await submits(here, ledger, "told")
        await here.settled()
        told = here.cases.cases[0].reference
        for number in range(scale["times"]):
            for script, when in POINTS:
                version += 1
                for kind in OTHERS:
                    _kills(here, script, when, kind)
                await submits(here, ledger, f"{script}-{when}-{number}-", pictures=True)
                body = event(told, version, "verifying", f"note {version}")
                assert await tell(here.url(), body, signed(body, datetime.now(UTC))) == 200
                await _all_struck(here, hurry=scale.short)
                ledger.fault_over()
                await here.until_done("media", "notices", "delivery", "push")
        assert ledger.without_picture(here.cases) == []
        [inbox] = here.store.keys("inbox:*")
        notices = int(here.store.hlen(inbox))
        every = len(OTHERS) * version
        await until(lambda: _ends(here) == [-signal.SIGKILL] * every, 30)
        found = outcome(here, ledger, every)
        found.lost += max(0, version - notices)
        found.duplicated += max(0, notices - version)
        found.note = f"{len(ledger.pictured)} pictures made safe, {notices} notices"
        return found


def _ends(here: Stage) -> list[int]:
    return [end for kind in OTHERS for end in here.roles[kind].ends]


def _kills(here: Stage, script: str, when: When, kind: str) -> None:
    def strike(_: bytes) -> Verdict:
        here.roles[kind].signal(signal.SIGKILL)  # whoever keeps it starts it again
        return "cut"

    here.proxy.on(script, when, strike, kind)


async def _all_struck(here: Stage, *, hurry: bool) -> None:
    """Until each worker died once more. In a hurry, what it had in hand is due at once."""
    met: set[str] = set()

    def all_met() -> bool:
        unmet = {about.decode() for _, _, about in here.proxy.unmet}
        for kind in OTHERS:
            if f"outbox:{kind}\r" not in unmet and kind not in met:
                met.add(kind)
                if hurry:
                    here.time_passes(kind)
        return not unmet

    await until(all_met, 120)


@row(
    "a picture that takes a decoder more memory than there is, {bombs} × among {count} good ones",
    bombs=(20, 2),
    count=(100, 6),
)
async def decoder_bombed(folder: Path, scale: Scale, seed: int) -> Count:
    """The decoder dies, the worker does not; who sent it is told, and reports without it."""
    ledger, bombs = Ledger(seed), scale["bombs"]
    async with stage(folder) as here:
        here.bot()
        media = here.worker("media")
        media.start()
        here.worker("push").start()
        await here.until_ready_again()
        async with asyncio.TaskGroup() as people:
            people.create_task(submits(here, ledger, "good", scale["count"], pictures=True))
            people.create_task(_bombs(here, ledger, bombs))
        await here.until_done("media", "push")
        assert media.runs
        assert media.ends == []
        assert len(ledger.pictured) == scale["count"]
        assert ledger.without_picture(here.cases) == []
        assert here.store.hlen("outbox:media:parked") == 0
        return outcome(here, ledger, len(ledger.receipts), f"{bombs} refused")


async def _bombs(here: Stage, ledger: Ledger, count: int) -> None:
    """People who send a bomb, wait until it is refused, and report without a picture."""
    content = bomb()
    for number in range(count):
        async with AtPage([here.url()], ledger, f"bomb{number}") as person:
            await person.reaches("media")
            await person.sends(content)
            assert "done" in person.choices
            async with asyncio.timeout(60):
                while "done" in person.choices:
                    await person.does("open")
                    await asyncio.sleep(0.2)
            await person.goes_on_to("receipt")
