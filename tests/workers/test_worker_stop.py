"""A worker that is told to stop in the midst of a slow POST ends in time, and nobody died."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot import supervisor
from bot.core.report import Place, Report
from bot.store.connection import Store
from bot.store.outbox import Outbox
from bot.store.reports import Reports
from tests.fakes.cases import Fault, GeoReportServer
from tests.fakes.cases.georeport import KEY

ROOT = Path(__file__).parents[2]
REFERENCE = "R" * 26


async def test_what_a_stop_cannot_wait_for_is_due_at_once_and_counted(
    store: Store, valkey_url: str, tmp_path: Path
) -> None:
    report = Report(REFERENCE, "fire", "", Place(words="解放路"), (), "x", False, datetime.now(UTC))
    outbox = Outbox(store, "push")
    for command in [
        *Reports(store).submitted(report, "record", b"sealed"),
        *outbox.add(REFERENCE),
    ]:
        await store.write(*command)
    async with GeoReportServer() as cases:
        cases.fail(Fault(how="hang"))
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workers", "push"),
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "DATA_DIR": str(tmp_path),
                "REDIS_URL": valkey_url,
                "CASE_SYSTEM": "open311",
                "OPEN311_URL": cases.url,
                "OPEN311_API_KEY": KEY,
            },
            cwd=tmp_path,
        )
        async with asyncio.timeout(30):
            while not cases.calls("POST"):
                await asyncio.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(supervisor.STOP_SECONDS):
            assert await worker.wait() == 0
    [entry] = await outbox.claim(1, 60)
    assert (entry.attempts, entry.deaths) == (2, 0)
    assert await store.read("EXISTS", f"sent:{REFERENCE}") == 1
