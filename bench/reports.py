"""Finished reports for the benchmarks, as a turn hands them in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.core.receipt import receipt_from, reference_from
from bot.core.report import Place, Report
from bot.store.connection import Command, Store, spelled
from bot.store.lifetimes import end_after
from bot.store.outbox import Outbox
from bot.store.receipts import Receipts
from bot.store.reports import Reports

SEALED_BYTES = 2535
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


def submitted(
    reports: Reports, receipts: Receipts, outbox: Outbox, report: Report
) -> list[Command]:
    """What a turn adds to its transaction for a report; the sealed address is random bytes here."""
    sealed = os.urandom(SEALED_BYTES)
    record = report.reference[:22]
    return [
        *reports.submitted(report, record, sealed),
        *receipts.given(receipt_from(os.urandom(12)), report.reference),
        *outbox.add(report.reference),
    ]


async def stand(store: Store, key: bytes, waiting: list[Report]) -> None:
    """Put reports into the outbox, many at once."""
    reports, receipts = Reports(store), Receipts(store, key)
    outbox = Outbox(store, "push")
    for start in range(0, len(waiting), _TOGETHER):
        pipeline = store.client.pipeline(transaction=False)
        for report in waiting[start : start + _TOGETHER]:
            for command in submitted(reports, receipts, outbox, report):
                pipeline.execute_command(*command)
        await pipeline.execute()


async def commit(store: Store, key: bytes, report: Report) -> None:
    """Hand one report in the way a turn does: all of it in one script."""
    commands = submitted(Reports(store), Receipts(store, key), Outbox(store, "push"), report)
    words = (b"", os.urandom(200), end_after(3600), *spelled(commands))
    await store.script("commit", (f"c:{report.reference}",), words)
