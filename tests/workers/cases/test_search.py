"""Found, surely not there, or in doubt: there is nothing else, and no guess."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from aiohttp import web

from bot.core.errors import CaseInDoubt, CaseSystemDown, CaseSystemError, CaseThrottled
from tests.fakes.cases import Fault, GeoReportServer, Remembered, open311_settings, sample
from tests.fakes.cases.base import Received
from workers.cases import search
from workers.cases.open311 import LOOKUPS_AT_ONCE, Open311
from workers.cases.search import spans

NOON = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)


@pytest.fixture
async def server() -> AsyncIterator[GeoReportServer]:
    async with GeoReportServer() as server:
        yield server


@pytest.fixture
async def system(server: GeoReportServer) -> AsyncIterator[Open311]:
    system = Open311(open311_settings(server.url), Remembered())
    yield system
    await system.close()


async def find(system: Open311) -> str | None:
    return await system.find_case("WANTED", datetime.now(UTC))


async def test_a_server_that_ignores_the_filter_is_searched_row_by_row(
    server: GeoReportServer, system: Open311
) -> None:
    server.add("pothole", "wire [ref OTHER]")
    await system.open_case(sample("WANTED"))
    server.add("later [ref WANTED-NOT]")
    assert await find(system) == "3"


async def test_a_server_that_knows_the_filter_is_asked_once(
    server: GeoReportServer, system: Open311
) -> None:
    server.manners.knows_reference = True
    server.add("pothole")
    assert await find(system) is None
    assert len(server.received) == 1
    assert server.received[0].query["reference"] == "WANTED"


class Crowded(GeoReportServer):
    """Answers nobody before it is told to; `most` is how many asked at once."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.inside = self.most = 0

    async def answer(self, call: Received) -> web.Response:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.open.wait()
        self.inside -= 1
        return await super().answer(call)


async def test_many_lookups_leave_a_server_that_lists_all_its_cases_time_to_answer() -> None:
    async with Crowded() as server:
        gateway = Open311(open311_settings(server.url), Remembered())
        looking = [
            asyncio.create_task(gateway.find_case(f"{number:026d}", datetime.now(UTC)))
            for number in range(LOOKUPS_AT_ONCE * 5)
        ]
        async with asyncio.timeout(10):
            while server.inside < LOOKUPS_AT_ONCE:
                await asyncio.sleep(0.01)
        server.open.set()
        assert set(await asyncio.gather(*looking)) == {None}
        assert server.most == LOOKUPS_AT_ONCE
        await gateway.close()


@pytest.mark.parametrize("kept", ["dict", "list"])
@pytest.mark.parametrize("formats", [("json",), ("xml",)])
async def test_a_reference_in_the_attributes_will_do(
    server: GeoReportServer,
    system: Open311,
    kept: Literal["dict", "list"],
    formats: tuple[Literal["json", "xml"], ...],
) -> None:
    server.manners.formats = formats
    server.manners.keeps_description = False
    server.manners.keeps_attributes = kept
    await system.open_case(sample("OTHER"))
    await system.open_case(sample("WANTED"))
    assert await find(system) == "2"


@pytest.mark.parametrize("count", [99, 100, 101, 250])
async def test_every_page_is_looked_at(
    server: GeoReportServer, system: Open311, count: int
) -> None:
    server.manners.pages, server.manners.page_size = True, 100
    server.add(*["something else"] * count)
    assert await find(system) is None
    server.cases.insert(0, server.cases.pop())
    await system.open_case(sample("WANTED"))
    server.add(*["something else"] * count)
    assert await find(system) == str(count + 1)


@pytest.mark.parametrize("past_the_end", [Fault(status=404), Fault(body=b"[]")])
async def test_the_last_page_may_end_either_way(
    server: GeoReportServer, system: Open311, past_the_end: Fault
) -> None:
    server.fail(Fault(body=b'[{"service_request_id": 1, "description": "other"}]'), method="GET")
    server.fail(past_the_end, 2, "GET")
    assert await find(system) is None


@pytest.mark.parametrize(("size", "certain"), [(49, True), (50, False), (51, True), (100, False)])
async def test_a_listing_that_may_be_cut_leaves_doubt(
    server: GeoReportServer, system: Open311, size: int, certain: bool
) -> None:
    server.add(*["something else"] * size)
    if certain:
        assert await find(system) is None
    else:
        with pytest.raises(CaseInDoubt, match=f"cut after {size} cases"):
            await find(system)


@pytest.mark.parametrize(("pages", "certain"), [(4, True), (5, False)])
async def test_so_many_pages_are_looked_at(
    server: GeoReportServer,
    system: Open311,
    pages: int,
    certain: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "PAGES_MOST", 5)  # the fifth is the empty one
    server.manners.pages, server.manners.page_size = True, 2
    server.add(*["something else"] * 2 * pages)
    if certain:
        assert await find(system) is None
    else:
        with pytest.raises(CaseInDoubt, match="first 5 pages"):
            await find(system)


async def test_a_listing_that_hides_what_was_reported_leaves_doubt(
    server: GeoReportServer, system: Open311
) -> None:
    server.manners.keeps_description = False
    server.add("pothole")
    with pytest.raises(CaseInDoubt, match="does not show"):
        await find(system)


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault(status=status) for status in (400, 401, 403, 404, 405, 410, 501)),
        Fault(body=b"<!doctype html><html></html>", kind="text/html"),
        Fault(body=b'[{"service_request_id"'),
        Fault(body=b"null"),
        Fault(status=204),
    ],
)
async def test_a_server_that_cannot_be_asked_leaves_doubt(
    server: GeoReportServer, system: Open311, fault: Fault
) -> None:
    server.fail(fault, 2, "GET")
    with pytest.raises(CaseInDoubt):
        await find(system)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(status=500), CaseSystemDown),
        (Fault(status=503), CaseSystemDown),
        (Fault(status=302), CaseSystemDown),
        (Fault(how="reset"), CaseSystemDown),
        (Fault(how="half body", body=b"[{}]"), CaseSystemDown),
        (Fault(status=429), CaseThrottled),
        (Fault(status=503, headers={"Retry-After": "3"}), CaseThrottled),
        (Fault(body=b'[{"description": "[ref WANTED]"}]'), CaseSystemDown),
    ],
)
async def test_a_server_in_trouble_is_asked_later(
    server: GeoReportServer, system: Open311, fault: Fault, outcome: type[CaseSystemError]
) -> None:
    server.fail(fault, 2, "GET")
    with pytest.raises(outcome) as caught:
        await find(system)
    assert type(caught.value) is outcome


def test_a_search_tells_the_hour_at_most_and_has_no_end() -> None:
    assert list(spans(NOON, NOON)) == [[("start_date", "2026-11-21T12:00:00Z")]]


def test_a_search_in_local_time_is_written_in_utc() -> None:
    local = datetime.fromisoformat("2026-11-23T20:34:56+08:00")
    assert list(spans(local, NOON)) == [[("start_date", "2026-11-21T12:00:00Z")]]


def test_no_stretch_is_longer_than_the_standard_allows() -> None:
    start = NOON.replace(minute=0, second=0) - timedelta(days=2)
    shorter = list(spans(NOON, start + timedelta(days=90, seconds=-1)))
    assert len(shorter) == 1
    assert list(spans(NOON, start + timedelta(days=90))) == [
        [("start_date", "2026-11-21T12:00:00Z"), ("end_date", "2027-02-19T12:00:00Z")],
        [("start_date", "2027-02-19T12:00:00Z")],
    ]


async def test_a_case_opened_long_after_the_report_is_found(
    server: GeoReportServer, system: Open311
) -> None:
    before = datetime.now(UTC) - timedelta(days=100)
    server.add("old [ref WANTED]", at=before + timedelta(days=50))
    assert await system.find_case("WANTED", before) == "1"
    server.add("new [ref WANTED-TOO]")
    assert await system.find_case("WANTED-TOO", before) == "2"


async def test_a_server_whose_clock_is_ahead_is_no_reason_for_a_second_case(
    server: GeoReportServer, system: Open311
) -> None:
    server.add("ahead [ref WANTED]", at=datetime.now(UTC) + timedelta(hours=9))
    assert await find(system) == "1"
