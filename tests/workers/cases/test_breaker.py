"""A case system that is down is asked by one, not by all."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.errors import (
    CaseRefused,
    CaseSystemDown,
    CaseSystemError,
    CaseThrottled,
    StoreUnavailable,
)
from bot.store.outbox import LeaseLost
from workers.cases.breaker import FAILURES_BEFORE, LAST_PAUSE_SECONDS, Breaker


class Clock:
    """A monotonic clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("workers.cases.breaker.time.monotonic", clock)
    return clock


def fails(breaker: Breaker, error: BaseException) -> None:
    with pytest.raises(type(error)), breaker.watched():
        raise error


def test_a_few_failures_are_no_outage(clock: Clock) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_BEFORE - 1):
        fails(breaker, CaseSystemDown("502"))
        assert breaker.pause() == 0
    fails(breaker, CaseSystemDown("502"))
    assert breaker.pause() > 0


@pytest.mark.parametrize("between", [None, CaseRefused("400")])
def test_any_answer_in_between_means_that_it_is_there(
    clock: Clock, between: CaseSystemError | None
) -> None:
    breaker = Breaker()
    for _ in range(10):
        for _ in range(FAILURES_BEFORE - 1):
            fails(breaker, CaseSystemDown("502"))
        if between:
            fails(breaker, between)
        else:
            with breaker.watched():
                pass
        assert breaker.pause() == 0


def test_after_the_pause_one_goes_first_and_the_others_follow_it(clock: Clock) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_BEFORE):
        fails(breaker, CaseSystemDown("502"))
    clock.now += breaker.pause()
    assert breaker.pause() == 0
    with breaker.watched():
        assert breaker.pause() > 0
    assert breaker.pause() == 0


def test_a_probe_that_fails_makes_the_pause_longer_up_to_a_minute(clock: Clock) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_BEFORE):
        fails(breaker, CaseSystemDown("502"))
    probes = 0
    end = clock.now + 6 * 3600
    while clock.now < end:
        pause = breaker.pause()
        assert pause <= LAST_PAUSE_SECONDS + 5
        clock.now += pause
        if not breaker.pause():
            fails(breaker, CaseSystemDown("502"))
            probes += 1
    assert 6 * 60 <= probes <= 2 * 6 * 60 + 20


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable("away"), LeaseLost("R"), KeyError("a bug"), asyncio.CancelledError()],
)
def test_what_is_not_the_case_systems_own_leaves_it_as_it_is(
    clock: Clock, error: BaseException
) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_BEFORE - 1):
        fails(breaker, CaseSystemDown("502"))
    fails(breaker, error)
    assert breaker.pause() == 0
    fails(breaker, CaseSystemDown("502"))
    assert breaker.pause() > 0
    clock.now += LAST_PAUSE_SECONDS
    fails(breaker, error)  # a probe that told nothing
    assert breaker.pause() == 0
    with breaker.watched():  # and so the next one is a probe too
        assert breaker.pause() > 0


def test_a_pause_that_is_asked_for_holds_for_all(clock: Clock) -> None:
    breaker = Breaker()
    fails(breaker, CaseThrottled(120))
    assert breaker.pause() >= 120
    clock.now += 121
    assert breaker.pause() == 0
