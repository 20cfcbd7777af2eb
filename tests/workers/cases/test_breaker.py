"""A case system that is down is asked by one, not by all, however many workers there are."""

from __future__ import annotations

import asyncio
from statistics import fmean

import pytest
from structlog.testing import capture_logs

from bot.core.errors import (
    CaseRefused,
    CaseSystemDown,
    CaseSystemError,
    CaseThrottled,
    StoreUnavailable,
)
from bot.store.connection import Store
from bot.store.outbox import LeaseLost
from workers.cases.breaker import (
    FAILURES_BEFORE,
    FIRST_PAUSE_SECONDS,
    LAST_PAUSE_SECONDS,
    LEAST_ASKED_SECONDS,
    Admission,
    Breaker,
)
from workers.cases.failures import PAUSE_MOST_SECONDS

PATIENCE = 20.0
PAUSE, PROBE = "cases:pause", "cases:probe"
DOWN = CaseSystemDown("502")
PROBING = Admission(failed=0)


def worker(store: Store) -> Breaker:
    """What a push worker has of it."""
    return Breaker(store, PATIENCE)


async def fails(breaker: Breaker, error: BaseException, admission: Admission | None = None) -> None:
    """Something is sent, and that comes out."""
    admission = admission or await breaker.admit()
    assert not admission.wait
    with pytest.raises(type(error)):
        async with breaker.watched(admission):
            raise error


async def works(breaker: Breaker) -> None:
    async with breaker.watched(await breaker.admit()):
        pass


async def opened(store: Store) -> Breaker:
    """A worker that found the case system down."""
    breaker = worker(store)
    for _ in range(FAILURES_BEFORE):
        await fails(breaker, DOWN)
    return breaker


async def pause_left(store: Store) -> float:
    """Seconds for which nothing is sent, by the store's clock."""
    return max(0, int(await store.read("PTTL", PAUSE))) / 1000


async def pause_over(store: Store) -> None:
    """As when its time has come."""
    assert await store.write("DEL", PAUSE)


async def test_a_few_failures_are_no_outage(store: Store) -> None:
    breaker = worker(store)
    for _ in range(FAILURES_BEFORE - 1):
        await fails(breaker, DOWN)
    assert await breaker.admit() == Admission()
    await fails(breaker, DOWN)
    assert (await breaker.admit()).wait > 0


@pytest.mark.parametrize("between", [None, CaseRefused("400")])
async def test_any_answer_in_between_means_that_it_is_there(
    store: Store, between: CaseSystemError | None
) -> None:
    breaker = worker(store)
    for _ in range(3):
        for _ in range(FAILURES_BEFORE - 1):
            await fails(breaker, DOWN)
        await (fails(breaker, between) if between else works(breaker))
    assert await breaker.admit() == Admission()


async def test_what_one_worker_found_holds_for_all(store: Store) -> None:
    others = [worker(store) for _ in range(3)]
    await opened(store)
    assert all([(await other.admit()).wait > 0 for other in others])


async def test_after_the_pause_one_of_all_workers_goes_first_and_the_others_follow(
    store: Store,
) -> None:
    workers = [await opened(store), *(worker(store) for _ in range(3))]
    await pause_over(store)
    admitted = await asyncio.gather(*(one.admit() for one in workers * 10))
    assert [one.failed for one in admitted if not one.wait] == [0]
    for other in workers:
        assert (await other.admit()).wait > 0
    async with workers[2].watched(PROBING):
        pass
    assert [await one.admit() for one in workers] == [Admission()] * 4


async def test_a_probe_that_fails_makes_the_pause_longer_up_to_a_minute(store: Store) -> None:
    breakers = [await opened(store), worker(store)]
    pauses = [await pause_left(store)]
    for number in range(40):
        await pause_over(store)
        await fails(breakers[number % 2], DOWN)
        pauses.append(await pause_left(store))
    assert FIRST_PAUSE_SECONDS / 2 - 1 <= pauses[0] <= FIRST_PAUSE_SECONDS
    assert all(LAST_PAUSE_SECONDS / 2 - 1 <= pause <= LAST_PAUSE_SECONDS for pause in pauses[4:])
    # A probe each half to whole minute, so some 480 in six hours.
    assert fmean(pauses[4:]) == pytest.approx(LAST_PAUSE_SECONDS * 0.75, rel=0.25)


async def test_what_failed_beside_what_opened_it_makes_the_pause_no_longer(store: Store) -> None:
    breaker = worker(store)
    under_way = [await breaker.admit() for _ in range(64)]
    with capture_logs() as said:
        for admission in under_way:
            await fails(breaker, DOWN, admission)
    assert await pause_left(store) <= FIRST_PAUSE_SECONDS
    assert [line["event"] for line in said] == ["cases.down"]


async def test_a_probe_whose_worker_died_is_anothers_turn_after_a_while(store: Store) -> None:
    breaker = await opened(store)
    await pause_over(store)
    assert (await breaker.admit()).failed is not None
    left = int(await store.read("PTTL", PROBE)) / 1000
    # It may ask and then send, and wait for each.
    assert PATIENCE * 2 < left <= PATIENCE * 2 + 5
    await store.write("DEL", PROBE)  # as when that time is over
    assert (await worker(store).admit()).failed is not None


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable("away"), LeaseLost("R"), KeyError("a bug"), asyncio.CancelledError()],
)
async def test_what_is_not_the_case_systems_own_leaves_it_as_it_is(
    store: Store, error: BaseException
) -> None:
    breaker = worker(store)
    for _ in range(FAILURES_BEFORE - 1):
        await fails(breaker, DOWN)
    await fails(breaker, error)
    assert await breaker.admit() == Admission()
    await fails(breaker, DOWN)
    await pause_over(store)
    await fails(breaker, error)  # a probe that told nothing
    assert (await worker(store).admit()).failed is not None  # and so the next one is a probe too


async def test_a_pause_that_is_asked_for_holds_for_all(store: Store) -> None:
    breaker, other = worker(store), worker(store)
    await fails(breaker, CaseThrottled(120))
    assert 119 <= (await other.admit()).wait <= 120 + FIRST_PAUSE_SECONDS
    await pause_over(store)
    assert (await other.admit()).failed is not None
    assert (await breaker.admit()).wait > 0


async def test_a_pause_of_no_time_is_one_all_the_same(store: Store) -> None:
    for _ in range(2):  # the second one as a probe
        await fails(worker(store), CaseThrottled(0))
        assert await pause_left(store) > LEAST_ASKED_SECONDS / 2
        await pause_over(store)


async def test_a_probe_that_is_told_to_wait_makes_room_for_the_next_one(store: Store) -> None:
    await opened(store)
    await pause_over(store)
    await fails(worker(store), CaseThrottled(60))
    await pause_over(store)
    assert (await worker(store).admit()).failed == 0


async def test_what_is_known_of_an_outage_is_forgotten_long_after_the_longest_pause(
    store: Store,
) -> None:
    await fails(worker(store), CaseThrottled(PAUSE_MOST_SECONDS))
    left = int(await store.read("PTTL", "cases:down")) / 1000
    assert PAUSE_MOST_SECONDS * 1.5 < left <= PAUSE_MOST_SECONDS * 2


async def test_what_comes_through_beside_it_does_not_end_a_pause_that_is_asked_for(
    store: Store,
) -> None:
    breaker = worker(store)
    beside = await breaker.admit()
    await fails(breaker, CaseThrottled(120))
    async with breaker.watched(beside):
        pass
    assert (await breaker.admit()).wait >= 119


async def test_of_two_pauses_the_longer_one_holds(store: Store) -> None:
    breaker = worker(store)
    beside = [await breaker.admit() for _ in range(2)]
    await fails(breaker, CaseThrottled(120))
    await fails(breaker, CaseThrottled(10), beside[0])
    assert await pause_left(store) > 110
    await fails(breaker, CaseThrottled(600), beside[1])
    assert await pause_left(store) > 590


async def test_a_second_outage_is_found_by_a_worker_that_slept_through_the_end_of_the_first(
    store: Store,
) -> None:
    breaker = await opened(store)
    await pause_over(store)
    await works(worker(store))
    for _ in range(FAILURES_BEFORE - 1):
        await fails(breaker, DOWN)
    assert await breaker.admit() == Admission()
    await fails(breaker, DOWN)
    assert (await breaker.admit()).wait > 0


async def test_a_store_that_is_away_hides_no_failure(store: Store) -> None:
    gone = Store.at("redis://127.0.0.1:1")
    with pytest.raises(StoreUnavailable):
        await worker(gone).admit()
    for error in (DOWN, CaseThrottled(60)):
        await fails(worker(gone), error, PROBING)
    await gone.close()
