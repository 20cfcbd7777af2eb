"""A worker that is told to stop in the midst of a slow POST ends in time, and nobody died."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
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


async def started(store_url: str, folder: Path, cases_url: str) -> Process:
    """A push worker in a process of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers", "push"),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(folder),
            "REDIS_URL": store_url,
            "CASE_SYSTEM": "open311",
            "OPEN311_URL": cases_url,
            "OPEN311_API_KEY": KEY,
        },
        cwd=folder,
    )


async def test_a_worker_that_ends_by_itself_has_failed(
    store: Store, valkey_url: str, tmp_path: Path
) -> None:
    await store.write("SET", "rq:queue:push", "no queue")
    worker = await started(valkey_url, tmp_path, "http://127.0.0.1:9")
    async with asyncio.timeout(30):
        assert await worker.wait() == 1


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
        worker = await started(valkey_url, tmp_path, cases.url)
        async with asyncio.timeout(30):
            while not cases.calls("POST"):
                await asyncio.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(supervisor.STOP_SECONDS):
            assert await worker.wait() == 0
    [entry] = await outbox.claim(1, 60)
    assert (entry.attempts, entry.deaths) == (2, 0)
    assert await store.read("EXISTS", f"sent:{REFERENCE}") == 1
