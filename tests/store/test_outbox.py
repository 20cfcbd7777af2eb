"""The outbox: leases, fences, outcomes, and a model that it must agree with."""

from __future__ import annotations

import pytest

from bot.store.connection import Store
from bot.store.outbox import DEATHS_MOST, SUSPECT_DEATHS, LeaseLost, Outbox


async def put(store: Store, outbox: Outbox, entry_id: str, body: bytes = b"") -> None:
    for command in outbox.add(entry_id, body):
        await store.write(*command)


async def test_claims_what_is_due_once(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a", b"body")
    await put(store, outbox, "a", b"other")
    entries = await outbox.claim(10, 60)
    assert [(entry.id, entry.body, entry.attempts) for entry in entries] == [("a", b"body", 1)]
    assert await outbox.claim(10, 60) == []


async def test_a_lease_that_ran_out_is_due_again_and_its_outcome_no_longer_counts(
    store: Store,
) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    [late] = await outbox.claim(1, 0)
    [newer] = await outbox.claim(1, 60)
    assert newer.fence > late.fence
    assert newer.attempts == 2
    marker = [("SET", "ran", "1")]
    assert not await outbox.done(late, [*marker])
    assert await store.read("GET", "ran") is None
    assert await outbox.done(newer, [*marker])
    assert await store.read("GET", "ran") == b"1"
    assert await outbox.depth() == 0


async def test_done_leaves_nothing_behind(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a", b"body")
    [entry] = await outbox.claim(1, 60)
    await outbox.done(entry)
    assert await store.read("KEYS", "outbox:push*") == []


async def test_a_retry_waits_and_keeps_count(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    [first] = await outbox.claim(1, 60)
    assert await outbox.retry(first, 100)
    assert await outbox.claim(1, 60) == []
    wait = await outbox.next_due_seconds()
    assert wait is not None
    assert 90 < wait <= 100
    assert not await outbox.done(first)


async def test_waiting_is_no_attempt(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    for _ in range(3):
        [entry] = await outbox.claim(1, 60)
        assert entry.attempts == 1
        await outbox.wait(entry, 0)


async def test_parked_work_is_listed_with_its_reason_and_put_back(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a", b"body")
    [entry] = await outbox.claim(1, 60)
    assert await outbox.park(entry, "CaseRefused: no such service")
    assert await outbox.parked() == {"a": "CaseRefused: no such service"}
    assert await outbox.claim(1, 60) == []
    assert not await outbox.put_back("unknown")
    assert await outbox.put_back("a")
    [again] = await outbox.claim(1, 60)
    assert (again.body, again.attempts) == (b"body", 2)
    assert await outbox.parked() == {}


async def test_a_lease_is_renewed_by_its_holder_alone(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    await put(store, outbox, "b")
    old = await outbox.claim(2, 0)
    [a] = await outbox.claim(1, 60)
    assert await outbox.renew(old, 60) == {"a", "b"} - {a.id}
    assert await outbox.renew([a], 60) == {a.id}
    assert await outbox.claim(2, 60) == []
    await outbox.done(a)
    assert await outbox.renew([a], 60) == set()
    assert await outbox.depth() == 1


async def test_what_cannot_be_undone_is_noted_by_who_holds_the_work_alone(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    [stopped] = await outbox.claim(1, 0)
    await outbox.hold(stopped, 0, [("INCR", "begun")])  # late, but nobody came
    [newer] = await outbox.claim(1, 60)
    with pytest.raises(LeaseLost):
        await outbox.hold(stopped, 20, [("INCR", "begun")])
    assert await store.read("GET", "begun") == b"1"
    await outbox.hold(newer, 20, [("INCR", "begun")])
    assert await store.read("GET", "begun") == b"2"
    assert 0 < (await outbox.next_due_seconds() or 0) <= 20


async def test_a_fence_that_the_store_forgot_is_nobody_elses(store: Store) -> None:
    """As after a failover: it counts on from where it knows of."""
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    [lost] = await outbox.claim(1, 60)
    await store.write("HDEL", "outbox:push:leases", "a")
    await store.write("DECR", "outbox:fence")
    await store.write("ZADD", "outbox:push", 0, "a")
    [newer] = await outbox.claim(1, 60)
    assert newer.attempts == 1
    with pytest.raises(LeaseLost):
        await outbox.hold(lost, 60, [])
    assert await outbox.renew([lost], 60) == set()
    assert not await outbox.retry(lost, 0)
    assert not await outbox.done(lost)
    assert await outbox.done(newer)


async def dies(outbox: Outbox, times: int) -> None:
    """Whoever takes something up does not come back."""
    for _ in range(times):
        assert await outbox.claim(10, 0)


async def test_what_workers_die_of_is_worked_on_alone_and_parked_in_the_end(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "poison", b"body")
    await dies(outbox, SUSPECT_DEATHS)
    await put(store, outbox, "fine")
    [entry] = await outbox.claim(10, 0)
    assert (entry.id, entry.deaths) == ("poison", SUSPECT_DEATHS)
    beside, waits = await outbox.claim_beside(10, 60, others=True)
    assert [one.id for one in beside] == ["fine"]
    assert waits
    await dies(outbox, DEATHS_MOST - SUSPECT_DEATHS - 1)
    assert await outbox.claim(10, 60) == []
    assert await outbox.parked() == {
        "poison": f"nobody who took it up came back, {DEATHS_MOST} times"
    }
    assert await outbox.put_back("poison")
    [again] = await outbox.claim(10, 60)
    assert (again.body, again.deaths, again.attempts) == (b"body", 0, DEATHS_MOST + 1)


async def test_an_outcome_clears_the_suspicion(store: Store) -> None:
    outbox = Outbox(store, "push")
    await put(store, outbox, "a")
    await dies(outbox, SUSPECT_DEATHS)
    [entry] = await outbox.claim(1, 60)
    await outbox.retry(entry, 0)
    [again] = await outbox.claim(1, 60)
    assert (again.deaths, again.attempts) == (0, SUSPECT_DEATHS + 2)
