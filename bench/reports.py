"""Finished reports for the benchmarks, as a turn hands them in."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.core.receipt import receipt_from, reference_from
from bot.core.report import Place, Report
from bot.secrets import Secrets, kept
from bot.store.connection import Command, Store, spelled
from bot.store.conversations import DRAFT_SECONDS
from bot.store.lifetimes import end_after
from bot.store.limits import Limits, Who
from bot.store.outbox import Outbox
from bot.store.receipts import Receipts
from bot.store.reports import Reports

SEALED_BYTES = 2535
# A conversation that has come to its receipt, as it stands in the store.
_DRAFT_BYTES = 150
_WORDS = "三楼安全出口被纸箱和电动车堵住，门打不开，晚上还有人在里面充电，已经一个多星期了。"
_TOGETHER = 500


def made(count: int) -> Iterator[Report]:
    """Reports with everything but pictures, which a case system fetches by itself."""
    for _ in range(count):
        yield Report(
            reference=reference_from(os.urandom(16)),
            category="fire",
            hazard="blocked_exit",
            place=Place(30.69153, 111.28642, "西陵一路 18 号，农贸市场北门"),
            media=(),
            description=_WORDS,
            danger=False,
            submitted_at=datetime.now(UTC),
        )


class HandIn:
    """Puts reports into the store as the bot does, each from somebody else."""

    def __init__(self, store: Store, folder: Path) -> None:
        own = Secrets(kept(folder, "conversation"))
        self._store = store
        self._reports = Reports(store)
        self._receipts = Receipts(store, own.key("receipts"))
        self._limits = Limits(store, own.key("limits"))
        self._outbox = Outbox(store, "push")

    async def stand(self, waiting: list[Report]) -> None:
        """Have these wait in the outbox, many put there at once."""
        for start in range(0, len(waiting), _TOGETHER):
            pipeline = self._store.client.pipeline(transaction=False)
            for report in waiting[start : start + _TOGETHER]:
                for command in await self._submitted(report):
                    pipeline.execute_command(*command)
            await pipeline.execute()

    async def commit(self, report: Report) -> None:
        """One report the way a turn does it: all in one script, and on disk at the end."""
        commands = await self._submitted(report)
        words = (b"", os.urandom(_DRAFT_BYTES), end_after(DRAFT_SECONDS), *spelled(commands))
        await self._store.script("commit", (f"c:{report.reference}",), words, on_disk=True)

    async def _submitted(self, report: Report) -> list[Command]:
        """What a turn adds to its transaction; the sealed way back is random bytes here."""
        who = Who(f"telegram|{secrets.randbelow(10**10)}")
        return [
            *self._reports.submitted(report, report.reference[:22], os.urandom(SEALED_BYTES)),
            *self._receipts.given(receipt_from(os.urandom(12)), report.reference),
            *self._outbox.add(report.reference),
            *await self._limits.counting("reports", who),
        ]
