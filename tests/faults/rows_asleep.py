"""A worker that sleeps longer than its lease, as a machine that was suspended does."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from tests.faults.matrix import Count, Scale, row
from tests.faults.people import Ledger
from tests.faults.proxy import HELD, Hook, Verdict
from tests.faults.rows_bot import outcome
from tests.faults.rows_worker import RECOVERY_SECONDS, submits
from tests.faults.stage import Stage, stage, until


@row(
    "SIGSTOP of the push worker after its claim and as it marks, beyond its lease, {times} × each; "
    "then SIGCONT",
    times=(5, 1),
)
async def worker_asleep(folder: Path, scale: Scale, seed: int) -> Count:
    """Another one takes over; what the sleeper was about to do is refused by its fence."""
    played = await asyncio.gather(
        _asleep_at("claim", folder / "claim", scale, seed),
        _asleep_at("settle", folder / "settle", scale, seed),
    )
    return sum(played, Count())


async def _asleep_at(script: str, folder: Path, scale: Scale, seed: int) -> Count:
    ledger, times, refused = Ledger(seed), scale["times"], 0
    async with stage(folder) as here:
        here.bot()
        sleeper, other = here.worker("push"), here.worker("push", "other")
        await here.until_ready_again()
        for number in range(times):
            await submits(here, ledger, f"z{number}-", 3)
            here.proxy.on(script, "after" if script == "claim" else "before", _stops(here), "push")
            sleeper.start()
            await until(lambda: not here.proxy.unmet, 30)
            if scale.short:
                here.time_passes("push")
            other.start()
            ledger.fault_over()
            await here.settled(RECOVERY_SECONDS)
            if script == "settle":
                await _marks_late(here)
                refused += 1
            here.proxy.held.set()
            sleeper.signal(signal.SIGCONT)
            await submits(here, ledger, f"y{number}-")
            await here.settled()
            sleeper.kill()
            other.kill()
        return outcome(here, ledger, 4 * times, f"{refused} late marks refused" if refused else "")


def _stops(here: Stage) -> Hook:
    """The worker sleeps; what it was sending, or was to hear, stays on its way."""
    here.proxy.held.clear()

    def stops(_: bytes) -> Verdict:
        here.roles["push"].signal(signal.SIGSTOP)
        return "hold"

    return stops


async def _marks_late(here: Stage) -> None:
    """Let the sleeper's marks arrive, which the fence has to refuse; among the answers may be that
    to the script by which another report was let through in the same moment.
    """
    answers: list[bytes] = []

    def heard(answer: bytes) -> Verdict:
        answers.append(answer)
        return "pass"

    here.proxy.on(HELD, "after", heard)
    here.proxy.held.set()
    await until(lambda: answers, 30)
    said = answers[0].split()
    assert b":0" in said and b":1" not in said, f"a late mark was not refused: {said}"
