"""What is wrong is our clock: that of the bot, of a worker, or of both."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.cases import SECRET, CaseReceiver
from tests.faults.events import event, signed, tell
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import Ledger
from tests.faults.rows_bot import outcome
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, stage, until

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
SHIFTS = ("+3600", "-3600")


def _wrong(shift: str) -> dict[str, str]:
    """The settings of a process whose clock is off by so many seconds."""
    assert FAKETIME, "libfaketime is not installed"
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME": shift,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@row("our clock an hour early or late while {reports} people report", reports=(100, 10))
async def clock_wrong(folder: Path, scale: Scale, seed: int) -> Count:
    """Signatures fail closed and say so; leases go by the store's clock."""
    total = Count()
    for shift in SHIFTS:
        wrong, ledger = _wrong(shift), Ledger(seed)
        async with stage(folder / shift) as here:
            bot = here.bot("bot", **wrong)
            here.worker("push", "wrong", **wrong).start()
            here.worker("push", "right").start()
            await here.until_ready_again()
            await submits(here, ledger, "h", scale["reports"])
            await here.settled()
            body = event(here.cases.cases[0].reference, 1, "verified")
            assert await tell(here.url(), body, signed(body, datetime.now(UTC))) == 401
            assert "hook.clock" in bot.said()
            total += outcome(here, ledger, len(ledger.receipts))
    return total


@row(
    "the bot's clock is an hour early or late, or the push worker's, while {reports} people send "
    "pictures that are slow to be made safe",
    reports=(20, 2),
)
async def clock_wrong_and_pictures(folder: Path, scale: Scale, seed: int) -> Count:
    """How long a report waits for its pictures does not depend on two clocks."""
    total = Count()
    for shift in SHIFTS:
        for whose in ("bot", "push"):
            total += await _with_pictures(folder / f"{whose}{shift}", whose, shift, scale, seed)
    return total


async def _with_pictures(folder: Path, whose: str, shift: str, scale: Scale, seed: int) -> Count:
    ledger = Ledger(seed)
    async with stage(folder) as here:
        here.bot("bot", **(_wrong(shift) if whose == "bot" else {}))
        push = here.worker("push", **(_wrong(shift) if whose == "push" else {}))
        await here.until_ready_again()
        await submits(here, ledger, "c", scale["reports"], pictures=True)
        push.start()
        # Each of them was looked at before any picture is safe.
        await until(lambda: here.store.hlen("outbox:push:leases") or here.cases.cases, 30)
        here.worker("media").start()
        ledger.fault_over()
        await here.until_done("media", "push")
        assert ledger.without_picture(here.cases) == [], f"{whose}, {shift}"
        return outcome(here, ledger, len(ledger.receipts))


@row(
    "the push worker's clock is an hour early or late while {reports} reports go by signed webhook",
    reports=(20, 3),
)
async def clock_wrong_by_webhook(folder: Path, scale: Scale, seed: int) -> Count:
    """The receiver takes none of them, the log says so, and put back they arrive once."""
    total = Count()
    for shift in SHIFTS:
        ledger = Ledger(seed)
        async with CaseReceiver() as receiver, stage(folder / shift) as here:
            here.extra = {
                "CASE_SYSTEM": "webhook",
                "CASE_WEBHOOK_URL": receiver.url,
                "CASE_WEBHOOK_SECRET": SECRET,
            }
            here.bot()
            wrong, right = here.worker("push", **_wrong(shift)), here.worker("push", "right")
            await here.until_ready_again()
            await submits(here, ledger, "w", scale["reports"])
            wrong.start()
            await here.settled()
            assert receiver.events == {}
            assert here.store.hlen("outbox:push:parked") == scale["reports"]
            alarms = [line for line in wrong.said().splitlines() if "drain.parked" in line]
            assert len(alarms) == scale["reports"]
            assert all("[error" in line and "HTTP 401" in line for line in alarms)
            wrong.kill()
            right.start()
            ledger.fault_over()
            await _put_back(here)
            await here.settled()
            total += _arrived(receiver, ledger)
    total.note = "refused, parked, put back"
    return total


async def _put_back(here: Stage) -> None:
    """What an operator does about parked work."""
    operator = here.role("operator", "bot", "outbox", "put-back", "push", "--all")
    operator.start()
    operator.held = True
    await until(lambda: not operator.runs, 30)


def _arrived(receiver: CaseReceiver, ledger: Ledger) -> Count:
    there = [event["data"]["description"] for event in receiver.events.values()]
    found = [sum(words in one for one in there) for words in ledger.receipts]
    return Count(
        tried=len(found),
        sent=len(there),
        lost=found.count(0),
        duplicated=len(there) - len(found) + found.count(0),
    )
