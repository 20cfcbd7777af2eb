"""What comes in comes again, late, in the wrong order, or forged."""

from __future__ import annotations

import asyncio
import random
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from bot import valkey
from tests.contract.channels.telegram import AtTelegram
from tests.fakes.telegram import TelegramServer
from tests.faults.events import event, signed, tell
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import AtPhone, Ledger
from tests.faults.rows_bot import at_telegram, outcome
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, stage, until
from tests.whole.programme import free_port

DAY_SECONDS = 24 * 3600
_TURN = re.compile(rb"\r\nSET\r\n\$\d+\r\nc:", re.IGNORECASE)


@row(
    "updates of {reports} reports a day old, duplicated and out of order, old ones too",
    reports=(40, 4),
)
async def updates_again(folder: Path, scale: Scale, seed: int) -> Count:
    """One turn each: an update that was committed shows the screen again and does nothing."""
    chance, ledger, again = random.Random(seed), Ledger(seed), 0
    yesterday = SimpleNamespace(time=lambda: time.time() - DAY_SECONDS)
    async with TelegramServer() as server, stage(folder) as here:
        here.ports["bot"] = free_port()
        here.extra = at_telegram(server, "webhook", here.url())
        here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        over = asyncio.Event()

        async def repeating() -> None:
            nonlocal again
            while not over.is_set():
                known = [one for one, times in server.world.updates.deliveries.items() if times]
                for update in chance.sample(known, min(3, len(known))):
                    server.redeliver(update)
                    again += 1
                await asyncio.sleep(0.7)  # or people would be too fast, by our own limit

        repeats = asyncio.create_task(repeating())
        with patch("tests.fakes.telegram.chat.time", yesterday):
            # Others each time, because what comes again counts as theirs: nobody may be too fast.
            for first in range(0, scale["reports"], 4):
                names = [f"t{first + number}" for number in range(4)]
                people = [AtPhone(AtTelegram("zh", server), ledger, name) for name in names]
                await asyncio.gather(*(person.reports() for person in people))
        over.set()
        await repeats
        await server.drained()
        await here.settled()
        assert server.violations == []
        updates, turns = len(server.world.updates.deliveries), _turns(folder / "data")
        assert turns == updates, f"{turns} turns of {updates} updates"
        return outcome(here, ledger, again, f"{updates} updates, {turns} turns")


def _turns(data: Path) -> int:
    """Turns that were kept, by the store's file: each writes its conversation once."""
    return sum(len(_TURN.findall(content)) for content in valkey.contents(data).values())


async def _one_report(here: Stage, seed: int) -> str:
    """A report that is in the case system; its reference."""
    await submits(here, Ledger(seed), "e")
    await here.settled()
    return here.cases.cases[-1].reference


@row("status events of {reports} reports duplicated and out of order", reports=(20, 2))
async def events_again(folder: Path, scale: Scale, seed: int) -> Count:
    """At most one notice for each change, none for one that is older than what is known."""
    chance, total = random.Random(seed), Count()
    async with stage(folder) as here:
        here.bot()
        for kind in ("push", "notices", "delivery"):
            here.worker(kind).start()
        await here.until_ready_again()
        for number in range(scale["reports"]):
            here.store.delete(*(here.store.keys("inbox:*") or ["none"]))
            reference = await _one_report(here, seed + number)
            order = [1, 2, 3, 4] * 3
            chance.shuffle(order)
            newest, expected = 0, 0
            for version in order:
                body = event(reference, version, "verifying", f"note {version}")
                assert await tell(here.url(), body, signed(body, datetime.now(UTC))) == 200
                expected += version > newest
                newest = max(newest, version)
            await until(lambda: not here.store.zcard("outbox:notices"), 60)
            await until(lambda: not here.store.zcard("outbox:delivery"), 60)
            [inbox] = here.store.keys("inbox:*")
            there = int(here.store.hlen(inbox))
            assert b"note 4" in here.progress(reference)
            total.tried += len(order)
            total.sent += there
            total.lost += max(0, expected - there)
            total.duplicated += max(0, there - expected)
    total.note = "notices, newest wins"
    return total


@row("webhook forged, altered, 6 minutes early or late, replayed after a restart")
async def events_forged(folder: Path, scale: Scale, seed: int) -> Count:
    """Refused, or without effect."""
    async with stage(folder) as here:
        bot = here.bot()
        here.worker("push").start()
        await here.until_ready_again()
        reference = await _one_report(here, seed)
        now = datetime.now(UTC)
        body = event(reference, 1, "verified")
        tries: list[tuple[bytes, dict[str, str], int]] = [
            (body, {}, 401),
            (body, signed(body, now, "whsec_" + "WFla" * 8), 401),
            (body.replace(b"verified", b"rejected"), signed(body, now), 401),
            (body, signed(body, now - timedelta(minutes=6)), 401),
            (body, signed(body, now + timedelta(minutes=6)), 401),
        ]
        for sent, headers, expected in tries:
            assert await tell(here.url(), sent, headers) == expected
        assert b"verified" not in here.progress(reference)
        once = signed(body, datetime.now(UTC))
        assert await tell(here.url(), body, once) == 200
        known = here.progress(reference)
        bot.kill()
        await here.until_ready_again()
        for _ in range(3):
            assert await tell(here.url(), body, once) == 200
        assert here.progress(reference) == known
        assert here.store.zcard("outbox:notices") == 1
        return Count(tried=len(tries) + 4, sent=1, note="one event had an effect, once")
