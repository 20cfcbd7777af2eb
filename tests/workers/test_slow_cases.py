"""A case system that is slower than our patience opens one case for one report all the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web

from bot.core.report import Place, Report
from bot.store.connection import Store
from bot.store.reports import Reports
from bot.store.tokens import Tokens
from tests.fakes.cases import GeoReportServer, open311_settings
from tests.fakes.cases.base import Received
from workers import drain
from workers.cases.contract import Submission
from workers.cases.open311 import Open311
from workers.cases.wire import Patience
from workers.drain import Drain
from workers.push import Push

PATIENCE = 0.5
REFERENCE = "R" * 26


class Slow(GeoReportServer):
    """Opens the case of the first POST long after whoever sent it hung up."""

    def __init__(self) -> None:
        super().__init__()
        self._opening: asyncio.Task[None] | None = None

    async def answer(self, call: Received) -> web.Response:
        if call.method != "POST" or self._opening is not None:
            return await super().answer(call)
        self._opening = asyncio.create_task(self._takes_its_time(call))
        await asyncio.Event().wait()
        raise AssertionError

    async def _takes_its_time(self, call: Received) -> None:
        await asyncio.sleep(PATIENCE * 1.8)  # how slow it is, not a wait of the test
        await super().answer(call)


async def test_a_case_that_is_opened_after_we_hung_up_is_the_only_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "FIRST_RETRY_SECONDS", 0.01)
    report = Report(REFERENCE, "fire", "", Place(words="解放路"), (), "x", False, datetime.now(UTC))
    reports = Reports(store)
    async with Slow() as cases:
        system = Open311(
            open311_settings(cases.url), Tokens(store), patience=Patience(total=PATIENCE)
        )
        push = Push(store, reports, system, _submission, lambda media, _: media)
        for command in [
            *reports.submitted(report, "record", b"sealed"),
            *push.outbox.add(REFERENCE),
        ]:
            await store.write(*command)
        async with asyncio.timeout(20):
            while await push.outbox.depth():
                await Drain(push).run()
        await system.close()
        assert [case.reference for case in cases.cases] == [REFERENCE]
        assert len(cases.calls("GET")) > 1
    assert await store.read("GET", f"case:{REFERENCE}") == cases.cases[0].id.encode()


def _submission(report: Report, links: tuple[str, ...]) -> Submission:
    return Submission(report, "fire", "", report.submitted_at, links)
