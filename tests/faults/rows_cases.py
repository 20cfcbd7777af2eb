"""What fails is the case system. Pauses are shortened, so that hours pass in seconds."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from aiohttp import web

from bot.core.report import Place, Report
from bot.store.connection import Command, Store
from bot.store.outbox import Outbox
from bot.store.reports import Reports
from bot.store.tokens import Tokens
from tests.fakes.cases import Fault, GeoReportServer, Manners, open311_settings
from tests.fakes.cases.base import Received
from tests.faults.matrix import Count, Scale, row
from tests.faults.stage import Stage, clock, stage
from workers.cases.contract import Submission
from workers.cases.open311 import Open311
from workers.cases.wire import Patience
from workers.drain import Drain
from workers.push import Push

HOURS = 6
# So many seconds of the outage are one second here.
FASTER = 720.0


@contextmanager
def faster(times: float) -> Iterator[None]:
    """Every pause of the push worker is so much shorter."""
    pauses = {
        "workers.drain.FIRST_RETRY_SECONDS": 3.0,
        "workers.drain.LAST_RETRY_SECONDS": 3600.0,
        "workers.drain.LINGER_SECONDS": 5.0 * times,
        "workers.cases.breaker.FIRST_PAUSE_SECONDS": 5.0,
        "workers.cases.breaker.LAST_PAUSE_SECONDS": 60.0,
        "workers.cases.breaker._LOOK_AGAIN_SECONDS": 2.0,
    }
    with ExitStack() as stack:
        for name, seconds in pauses.items():
            stack.enter_context(patch(name, seconds / times))
        yield


@asynccontextmanager
async def pushing(here: Stage, total: float = 20.0) -> AsyncIterator[tuple[Store, Push]]:
    """The push worker's own work in this process."""
    store = Store.at(here.store_url)
    patience = Patience(total=total, token_waits=(0.02, 0.05))
    cases = Open311(open311_settings(here.cases.url), Tokens(store), patience=patience)
    push = Push(store, Reports(store), cases, _submission, _link)
    yield store, push
    await cases.close()
    await store.close()


def _submission(report: Report, links: tuple[str, ...]) -> Submission:
    return Submission(report, "fire", "通道被堵", report.submitted_at, links)


def _link(media: str, kind: str) -> str:
    return f"https://gateway.example/{media}.{kind}"


async def waiting(store: Store, count: int, start: int = 0) -> set[str]:
    """So many reports stand in the outbox; their references."""
    names = {f"{number:026d}" for number in range(start, start + count)}
    reports, outbox = Reports(store), Outbox(store, "push")
    now = datetime.now(UTC)
    commands: list[Command] = []
    for name in names:
        report = Report(name, "fire", "", Place(words="解放路"), (), name, False, now)
        commands += [*reports.submitted(report, f"r{name}", b"sealed"), *outbox.add(name)]
    await asyncio.gather(*(store.write(*command) for command in commands))
    return names


def told(cases: GeoReportServer, names: set[str]) -> Count:
    """What arrived of what was waiting."""
    there = Counter(case.reference for case in cases.cases)
    return Count(
        tried=len(names),
        sent=sum(there.values()),
        lost=len(names - set(there)),
        duplicated=sum(count - 1 for count in there.values()),
    )


async def until_empty(push: Push, seconds: float) -> None:
    """Drain, again and again, until nothing stands there."""
    async with asyncio.timeout(seconds):
        while await push.outbox.depth():
            await Drain(push).run()
            await asyncio.sleep(0.02)


@row("the case system is down for (simulated) 6 h with 2,000 reports waiting")
async def cases_down_for_hours(folder: Path, scale: Scale, seed: int) -> Count:
    """One probe now and then, and all of them once it is back."""
    count, outage = scale.of(2000, 200), scale.of(HOURS, 1) * 3600 / FASTER
    async with stage(folder) as here, pushing(here) as (store, push):
        with faster(FASTER):
            names = await waiting(store, count)
            with patch.object(here.cases, "answer", _away):
                drain = Drain(push)
                asyncio.get_running_loop().call_later(outage, setattr, drain, "stopping", True)
                await drain.run()
                asked = len(here.cases.received)
            began = clock()
            await until_empty(push, 120)
            took = clock() - began
        found = told(here.cases, names)
        # The 64 that were under way together, and then a probe each half to whole minute.
        assert asked < 64 + outage * FASTER / 30 + 20, asked
        found.note = f"{asked} requests during the outage"
        found.worst = took
        return found


async def _away(_: Received) -> web.Response:
    return web.Response(status=503)


TABLE: dict[str, Fault] = {
    "headers, then nothing": Fault(how="hang after headers", opens=True),
    "nothing": Fault(how="hang"),
    "half a body": Fault(how="half body", opens=True),
    "reset": Fault(how="reset"),
    "reset, but created": Fault(how="reset", opens=True),
    "500": Fault(status=500),
    "500, but created": Fault(status=500, opens=True),
    "409, created before": Fault(status=409, opens=True),
    "400 duplicate": Fault(
        status=400, opens=True, body=b'[{"code":400,"description":"duplicate request"}]'
    ),
    "a page with 200": Fault(body=b"<html>hello</html>", kind="text/html", opens=True),
    "wrong JSON": Fault(body=b'[{"service_request_id":', opens=True),
    "no id": Fault(body=b"[{}]", opens=True),
    "429": Fault(status=429, headers={"Retry-After": "0"}),
}
REFUSED = {status: Fault(status=status) for status in (400, 401, 403, 422)}


@row(
    "slow; headers then hang; half body; reset; 500 but created; 409; 400 duplicate; 200 HTML; "
    "wrong JSON; no id; token only; 429"
)
async def cases_misbehave(folder: Path, scale: Scale, seed: int) -> Count:
    """Each report goes through each fault once and is one case in the end."""
    each, total = scale.of(20, 3), Count()
    async with stage(folder) as here, pushing(here, total=0.4) as (store, push):
        with faster(FASTER):
            for number, fault in enumerate(TABLE.values()):
                names = await waiting(store, each, start=number * 1000)
                here.cases.fail(fault, times=each)
                await until_empty(push, 60)
                total += told(_only(here.cases, names), names)
            here.cases.manners.token_polls = 4
            names = await waiting(store, each, start=90_000)
            await until_empty(push, 60)
            total += told(_only(here.cases, names), names)
        assert await push.outbox.parked() == {}
    total.note = f"{len(TABLE) + 1} kinds of answer"
    return total


@row("400, 401, 403, 422: the case system will not have it")
async def cases_refuse(folder: Path, scale: Scale, seed: int) -> Count:
    """Parked with what was said, and sent once an operator puts it back."""
    each, total = scale.of(20, 3), Count()
    async with stage(folder) as here, pushing(here) as (store, push):
        with faster(FASTER):
            for status, fault in REFUSED.items():
                names = await waiting(store, each, start=status * 1000)
                here.cases.fail(fault, times=each)
                await until_empty(push, 30)
                assert set(await push.outbox.parked()) == names
                for name in names:
                    assert await push.outbox.put_back(name)
                await until_empty(push, 30)
                total += told(_only(here.cases, names), names)
    total.note = "parked, put back"
    return total


@row("a case system that cannot be searched breaks off: in doubt")
async def cases_in_doubt(folder: Path, scale: Scale, seed: int) -> Count:
    """Never sent blindly twice: an operator decides."""
    count = scale.of(50, 5)
    manners = Manners(lists=False)
    async with stage(folder, manners) as here, pushing(here) as (store, push):
        with faster(FASTER):
            names = await waiting(store, count)
            here.cases.fail(Fault(how="reset", opens=True), times=count)
            here.cases.fail(Fault(status=404), times=100, method="GET")
            began = time.monotonic()
            while await push.outbox.depth() and time.monotonic() - began < 20:
                await Drain(push).run()
        parked = await push.outbox.parked()
        found = told(here.cases, names)
        assert set(parked) == names
        assert all("CaseInDoubt" in reason for reason in parked.values()), parked
        found.note = f"{len(parked)} parked in doubt"
        return found


def _only(cases: GeoReportServer, names: set[str]) -> GeoReportServer:
    """The same server with the cases of these reports alone."""
    some = GeoReportServer()
    some.cases = [case for case in cases.cases if case.reference in names]
    return some


@row("poison: an entry that always raises, among good ones")
async def poison_raises(folder: Path, scale: Scale, seed: int) -> Count:
    """Parked after eight tries; the others do not wait for it."""
    count = scale.of(500, 50)
    async with stage(folder) as here, pushing(here) as (store, push):
        with faster(FASTER):
            names = await waiting(store, count)
            await waiting(store, 3, start=10**6)
            for number in range(10**6, 10**6 + 3):
                await store.write("SET", f"report:{number:026d}", b"no report")
            began = clock()
            while len(here.cases.cases) < count:
                await Drain(push).run()
            took = clock() - began
            await until_empty(push, 60)
        assert len(await push.outbox.parked()) == 3
        found = told(here.cases, names)
        found.worst, found.note = took, "3 parked"
        return found
