"""Drains: what an entry raises becomes an outcome, and no entry holds up another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from bot.core.errors import CaseRefused, CaseSystemDown, CaseThrottled, GatewayError
from bot.store.connection import Store
from bot.store.outbox import Entry, Outbox
from workers import drain as drains
from workers.drain import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS, UNEXPECTED_MOST, Drain, pause


class Work:
    """Work that does what it is told."""

    at_once = 8
    lease_seconds = 60.0

    def __init__(self, store: Store, act: Callable[[Entry], None]) -> None:
        self.outbox = Outbox(store, "push")
        self.act = act
        self.seen: list[str] = []
        self.together = 0
        self.most_together = 0

    async def do(self, entry: Entry) -> None:
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        await asyncio.sleep(0)
        self.together -= 1
        self.seen.append(entry.id)
        self.act(entry)
        await self.outbox.done(entry)


async def fill(store: Store, *names: str) -> None:
    for name in names:
        for command in Outbox(store, "push").add(name):
            await store.write(*command)


def nothing(_: Entry) -> None:
    return None


def raising(error: Exception, only: str = "bad") -> Callable[[Entry], None]:
    def act(entry: Entry) -> None:
        if entry.id == only:
            raise error

    return act


async def test_works_off_everything_many_at_once_and_ends(store: Store) -> None:
    names = [f"e{number}" for number in range(100)]
    await fill(store, *names)
    work = Work(store, nothing)
    await Drain(work).run()
    assert sorted(work.seen) == sorted(names)
    assert 1 < work.most_together <= work.at_once
    assert await work.outbox.depth() == 0


async def test_what_is_refused_is_parked_and_the_others_flow(store: Store) -> None:
    await fill(store, "bad", "good")
    work = Work(store, raising(CaseRefused("no such service")))
    await Drain(work).run()
    assert await work.outbox.parked() == {"bad": "CaseRefused: no such service"}
    assert await work.outbox.depth() == 0


@pytest.mark.parametrize(
    ("error", "least"), [(CaseSystemDown("502"), 0.5), (CaseThrottled(90), 90.0)]
)
async def test_what_may_pass_is_tried_again_later(
    store: Store, error: GatewayError, least: float
) -> None:
    await fill(store, "bad")
    work = Work(store, raising(error))
    drain = Drain(work)
    task = asyncio.create_task(drain.run())
    while not work.seen:
        await asyncio.sleep(0)
    drain.stopping = True
    await task
    assert await work.outbox.depth() == 1
    wait = await work.outbox.next_due_seconds()
    assert wait is not None
    assert wait > least - 0.5


async def test_poison_is_parked_after_so_many_attempts(store: Store) -> None:
    await fill(store, "bad")
    work = Work(store, raising(ZeroDivisionError("secret detail")))
    for attempt in range(1, UNEXPECTED_MOST + 1):
        assert await work.outbox.parked() == {}
        [entry] = await work.outbox.claim(1, 60)
        assert entry.attempts == attempt
        await Drain(work)._attempt(entry)
        await store.write("ZADD", "outbox:push", "XX", 0, "bad")
    assert await work.outbox.parked() == {"bad": "ZeroDivisionError"}


async def test_a_stopping_drain_takes_nothing_new_and_finishes_what_it_has(store: Store) -> None:
    await fill(store, *(f"e{number}" for number in range(50)))
    work = Work(store, nothing)
    drain = Drain(work)
    work.act = lambda _: setattr(drain, "stopping", True)
    await drain.run()
    assert 1 <= len(work.seen) <= work.at_once
    assert await work.outbox.depth() == 50 - len(work.seen)


def test_pauses_grow_to_a_roof_and_obey_what_is_asked() -> None:
    early = [pause(1) for _ in range(200)]
    late = [pause(40) for _ in range(200)]
    assert max(early) <= FIRST_RETRY_SECONDS * 2
    assert min(early + late) >= FIRST_RETRY_SECONDS
    assert max(early) < max(late) <= LAST_RETRY_SECONDS
    assert 30 <= pause(1, CaseThrottled(30)) <= 31


class Long(Work):
    """Work that goes on until it is told to end."""

    lease_seconds = 0.3

    def __init__(self, store: Store) -> None:
        super().__init__(store, nothing)
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.ended_early = 0

    async def do(self, entry: Entry) -> None:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.ended_early += 1
            raise
        assert await self.outbox.done(entry)
        self.seen.append(entry.id)


async def test_work_that_takes_long_keeps_its_lease(store: Store) -> None:
    await fill(store, "long")
    work = Long(store)
    drain = asyncio.create_task(Drain(work).run())
    await work.begun.wait()
    first = await store.read("ZSCORE", "outbox:push", "long")
    async with asyncio.timeout(10):
        # Renewed more often than it could have run out.
        while float(await store.read("ZSCORE", "outbox:push", "long")) < float(first) + 1000:
            assert await work.outbox.claim(1, 60) == []
            await asyncio.sleep(0.02)
    work.may_end.set()
    await drain
    assert work.seen == ["long"]


class OneLong(Long):
    """Where the others take no time."""

    async def do(self, entry: Entry) -> None:
        if entry.id == "long":
            await super().do(entry)
        else:
            await Work.do(self, entry)


async def test_beside_what_takes_long_a_drain_begins_new_work_when_its_time_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drains, "LONGEST_SECONDS", 0.1)
    monkeypatch.setattr(drains, "LOOK_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(drains, "SLOW_SECONDS", 0.0)
    await fill(store, "long")
    work = OneLong(store)
    drain = asyncio.create_task(Drain(work).run())
    await work.begun.wait()
    over = time.monotonic() + 0.2
    while time.monotonic() < over or len(work.seen) < 2:
        await fill(store, name := f"e{len(work.seen)}")
        async with asyncio.timeout(5):
            while name not in work.seen:
                await asyncio.sleep(0.01)
    work.may_end.set()
    await drain


async def test_work_that_somebody_else_has_by_now_is_ended(store: Store) -> None:
    await fill(store, "long")
    work = Long(store)
    drain = asyncio.create_task(Drain(work).run())
    await work.begun.wait()
    await store.write("ZADD", "outbox:push", "XX", 0, "long")
    [newer] = await work.outbox.claim(1, 60)
    async with asyncio.timeout(10):
        await drain
    assert work.ended_early == 1
    assert await work.outbox.done(newer)


async def test_a_suspect_is_worked_on_when_nothing_else_is(store: Store) -> None:
    await fill(store, "suspect")
    work = Work(store, nothing)
    for _ in range(2):
        assert await work.outbox.claim(1, 0)
    await fill(store, *(f"e{number}" for number in range(40)))
    together: dict[str, int] = {}

    async def do(entry: Entry) -> None:
        work.together += 1
        await asyncio.sleep(0.005)
        together[entry.id] = max(work.together, together.get(entry.id, 0))
        work.together -= 1
        await work.outbox.done(entry)

    work.do = do  # type: ignore[method-assign]
    await Drain(work).run()
    assert len(together) == 41
    assert together["suspect"] == 1
    assert max(together.values()) > 1


@pytest.mark.parametrize(("attempt", "level"), [(2, "info"), (3, "warning")])
async def test_a_failure_that_comes_back_is_said_louder(
    store: Store, attempt: int, level: str
) -> None:
    await fill(store, "bad")
    await store.write("HSET", "outbox:push:leases", "bad", f"0:{attempt - 1}:0")
    with capture_logs() as lines:
        await Drain(Work(store, raising(CaseThrottled(60)))).run()
    assert [line["log_level"] for line in lines if line["event"] == "drain.retry"] == [level]
