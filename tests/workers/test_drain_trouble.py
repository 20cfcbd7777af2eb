"""Drains in trouble: what is in hand comes to an outcome, and nobody is taken for dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import supervisor
from bot.core.errors import StoreUnavailable
from bot.store import outbox as outboxes
from bot.store.connection import Store
from bot.store.outbox import Entry, Outbox
from tests.workers.outage import OwnStore, own_store
from workers import drain as drains
from workers.drain import UNEXPECTED_MOST, Drain


@pytest.fixture
async def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OwnStore]:
    monkeypatch.setattr(outboxes, "AWAY_SECONDS", 0.02)
    monkeypatch.setattr(drains, "AWAY_SECONDS", 0.02)
    monkeypatch.setattr(drains, "LOOK_AGAIN_SECONDS", 0.02)
    async with own_store(tmp_path) as opened:
        yield opened


class Watched(Outbox):
    """An outbox that tells when it could not be asked for more."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "push")
        self.failed = asyncio.Event()

    async def claim_beside(
        self, most: int, lease_seconds: float, *, others: bool = False, name: str = ""
    ) -> tuple[list[Entry], bool]:
        try:
            return await super().claim_beside(most, lease_seconds, others=others, name=name)
        except StoreUnavailable:
            self.failed.set()
            raise


class Held:
    """Work that goes on until it may end."""

    at_once = 8
    lease_seconds = 0.3

    def __init__(self, store: Store) -> None:
        self.watched = Watched(store)
        self.outbox: Outbox = self.watched
        self.store = store
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.done: list[bool] = []

    async def do(self, entry: Entry) -> None:
        self.begun.set()
        await self.may_end.wait()
        await self.ends(entry)

    async def ends(self, entry: Entry) -> None:
        self.done.append(await self.outbox.done(entry, [("INCR", "effects")]))


class Reading(Held):
    """Work that asks the store for more before it can end."""

    async def ends(self, entry: Entry) -> None:
        await self.store.read("GET", "effects")
        await super().ends(entry)


async def put(store: Store, *names: str) -> None:
    for name in names:
        for command in Outbox(store, "push").add(name):
            await store.write(*command)


async def due(store: Store, outbox: Outbox, name: str) -> Entry:
    """The entry, made due and claimed."""
    await store.write("ZADD", "outbox:push", "XX", 0, name)
    [entry] = await outbox.claim(1, 60)
    return entry


async def test_a_claim_that_fails_leaves_nothing_behind(own: OwnStore) -> None:
    await put(own.store, "one")
    work = Held(own.store)
    drain = asyncio.create_task(Drain(work).run())
    await work.begun.wait()
    own.kill()
    await work.watched.failed.wait()
    own.start()
    # Renewed more often than it could have run out, by a drain that ends as soon as it can.
    first = float(await own.store.read("ZSCORE", "outbox:push", "one"))
    async with asyncio.timeout(10):
        while float(await own.store.read("ZSCORE", "outbox:push", "one")) < first + 1000:
            assert not drain.done()
            await asyncio.sleep(0.02)
    work.may_end.set()
    with pytest.raises(StoreUnavailable):
        await drain
    assert work.done == [True]
    assert await work.outbox.depth() == 0


async def test_an_outcome_waits_for_the_store_and_counts_once(own: OwnStore) -> None:
    names = [f"e{number}" for number in range(Held.at_once)]
    await put(own.store, *names)
    work = Held(own.store)
    drain = Drain(work)
    running = asyncio.create_task(drain.run())
    await work.begun.wait()
    drain.stopping = True
    own.kill()
    work.may_end.set()
    with pytest.raises(StoreUnavailable):
        await own.store.read("PING")
    own.start()
    async with asyncio.timeout(10):
        await running
    assert work.done == [True] * len(names)
    assert await own.store.read("GET", "effects") == b"%d" % len(names)
    assert await work.outbox.depth() == 0


async def test_an_outage_is_nobodys_death(own: OwnStore) -> None:
    await put(own.store, "one")
    for _ in range(outboxes.DEATHS_MOST + 1):
        work = Reading(own.store)
        drain = Drain(work)
        running = asyncio.create_task(drain.run())
        await work.begun.wait()
        drain.stopping = True
        own.kill()
        work.may_end.set()
        with pytest.raises(StoreUnavailable):
            await own.store.read("PING")
        own.start()
        async with asyncio.timeout(10):
            await running
        assert work.done == []
        await own.store.write("ZADD", "outbox:push", "XX", 0, "one")
    [entry] = await work.outbox.claim(1, 60)
    assert entry.deaths == 0


async def test_a_claim_whose_answer_was_lost_is_nobodys_death(own: OwnStore) -> None:
    await put(own.store, "one")
    work = Held(own.store)
    work.may_end.set()
    deaths: list[int] = []

    async def do(entry: Entry) -> None:
        deaths.append(entry.deaths)
        await work.ends(entry)

    work.do = do  # type: ignore[method-assign]
    drain = Drain(work)
    for _ in range(outboxes.DEATHS_MOST):
        await work.outbox.claim(8, 0, name=drain._name)
    await drain.run()
    assert deaths == [0]


async def test_what_the_store_refuses_for_itself_is_parked_in_the_end(own: OwnStore) -> None:
    await put(own.store, "one")
    work = Held(own.store)

    async def refused(entry: Entry) -> None:
        await work.outbox.done(entry, [("NO-SUCH-COMMAND", "effects")])

    work.do = refused  # type: ignore[method-assign]
    drain = Drain(work)
    for attempt in range(1, UNEXPECTED_MOST + 1):
        entry = await due(own.store, work.outbox, "one")
        assert entry.attempts == attempt
        await drain._settle(entry)
    assert await work.outbox.parked() == {"one": "OutcomeRefused"}


async def test_a_stop_waits_so_long_and_hands_back_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drains, "STOP_SECONDS", 0.1)
    await put(store, "one")
    work = Held(store)
    drain = Drain(work)
    running = asyncio.create_task(drain.run())
    await work.begun.wait()
    drain.stopping = True
    async with asyncio.timeout(5):
        await running
    [entry] = await work.outbox.claim(1, 60)  # due at once
    assert (entry.attempts, entry.deaths) == (2, 0)


async def test_a_stop_lets_what_is_in_hand_end_in_time(store: Store) -> None:
    await put(store, "one")
    work = Held(store)
    drain = Drain(work)
    running = asyncio.create_task(drain.run())
    await work.begun.wait()
    drain.stopping = True
    work.may_end.set()
    await running
    assert work.done == [True]


async def test_slow_work_keeps_nobody_from_what_is_new(store: Store) -> None:
    await put(store, "slow")
    work = Held(store)
    drain = Drain(work)
    running = asyncio.create_task(drain.run())
    await work.begun.wait()
    work.begun.clear()
    await put(store, "new")
    async with asyncio.timeout(5):
        await work.begun.wait()
    work.may_end.set()
    await running
    assert work.done == [True, True]


def test_a_worker_ends_before_its_supervisor_loses_patience() -> None:
    bells_seconds = 2.0
    most = drains.LOOK_AGAIN_SECONDS + drains.STOP_SECONDS + drains.HAND_BACK_SECONDS
    assert most + bells_seconds < supervisor.STOP_SECONDS
