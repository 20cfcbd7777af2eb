"""The push worker's own work in the process of the tests, with its pauses shortened, so that hours
pass in seconds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

from bot.core.report import Place, Report
from bot.store.connection import Command, Store
from bot.store.outbox import Outbox
from bot.store.reports import Reports
from bot.store.tokens import Tokens
from tests.fakes.cases import GeoReportServer, open311_settings
from tests.faults.matrix import Count
from tests.faults.stage import Stage
from workers.cases.contract import CaseSystem, Submission
from workers.cases.open311 import Open311
from workers.cases.wire import Patience
from workers.drain import Drain
from workers.push import Push

# So many seconds of the outage are one second here.
FASTER = 720.0
WORKERS = 4


@contextmanager
def faster(times: float) -> Iterator[None]:
    """Every pause of the push worker is so much shorter."""
    pauses = {
        "workers.drain.FIRST_RETRY_SECONDS": 3.0,
        "workers.drain.LAST_RETRY_SECONDS": 3600.0,
        "workers.drain.LINGER_SECONDS": 5.0 * times,
        "workers.cases.breaker.FIRST_PAUSE_SECONDS": 5.0,
        "workers.cases.breaker.LAST_PAUSE_SECONDS": 60.0,
        "workers.cases.breaker.LEAST_ASKED_SECONDS": 1.0,
        "workers.cases.breaker._LOOK_AGAIN_SECONDS": 2.0,
    }
    with ExitStack() as stack:
        for name, seconds in pauses.items():
            stack.enter_context(patch(name, seconds / times))
        yield


@asynccontextmanager
async def pushing(
    url: str, cases: Callable[[Store], CaseSystem]
) -> AsyncIterator[tuple[Store, Push]]:
    """The push worker's own work in this process, for the store at `url`."""
    store = Store.at(url)
    system = cases(store)
    try:
        yield store, Push(store, Reports(store), system, _submission, _link)
    finally:
        await system.close()
        await store.close()


@asynccontextmanager
async def colleagues(
    url: str, cases: Callable[[Store], CaseSystem]
) -> AsyncIterator[tuple[Store, list[Push]]]:
    """The same as often as there are `WORKERS`, each with connections of its own; and a store."""
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(pushing(url, cases)) for _ in range(WORKERS)]
        yield both[0][0], [push for _, push in both]


def open311(here: Stage, total: float = 20.0) -> Callable[[Store], CaseSystem]:
    """The stage's case system; `total` is how many seconds an answer is waited for."""
    patience = Patience(total=total, token_waits=(0.02, 0.05))
    settings = open311_settings(here.cases.url)
    return lambda store: Open311(settings, Tokens(store), patience=patience)


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


def told(cases: GeoReportServer, names: set[str], since: float) -> Count:
    """What arrived of what was waiting, and how long after `since` the last of it did."""
    there = Counter(case.reference for case in cases.cases)
    return Count(
        tried=len(names),
        sent=sum(there.values()),
        lost=len(names - set(there)),
        duplicated=sum(count - 1 for count in there.values()),
        worst=max((case.opened - since for case in cases.cases), default=None),
    )


async def until_empty(push: Push, seconds: float) -> None:
    """Drain, again and again, until nothing stands there."""
    async with asyncio.timeout(seconds):
        while await push.outbox.depth():
            await Drain(push).run()
            await asyncio.sleep(0.02)


async def all_until_empty(pushes: list[Push], seconds: float) -> None:
    """The same with all of them at once."""
    await asyncio.gather(*(until_empty(push, seconds) for push in pushes))


def only(cases: GeoReportServer, names: set[str]) -> GeoReportServer:
    """The same server with the cases of these reports alone."""
    some = GeoReportServer()
    some.cases = [case for case in cases.cases if case.reference in names]
    return some
