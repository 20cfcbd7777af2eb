"""Which events a conversation knows again, beside a model that forgets nothing."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.store.seen import COUNT_MOST, EVENTS_REMEMBERED, has_seen, put_back, with_event

FIRST = 500_000_000
ids = st.one_of(
    st.integers(0, 2**50).map(str),
    st.text(max_size=12),
    st.sampled_from(
        ["0", "007", "-1", "٣", "1.5", "again:7", "again:", str(2**47 - 1), str(2**47)]
    ),
)


def after(*event_ids: str) -> bytes:
    """What is known after these."""
    seen = b""
    for one in event_ids:
        seen = with_event(seen, one)
    return seen


def numbers(first: int, count: int) -> list[str]:
    return [str(number) for number in range(first, first + count)]


@given(
    events=st.lists(
        st.tuples(st.booleans(), st.integers(1, 1000), st.integers(0, 12)),
        min_size=33,
        max_size=120,
    ),
    back=st.randoms(use_true_random=False),
)
def test_whatever_comes_is_told_apart_from_whatever_comes_again(
    events: list[tuple[bool, int, int]], back: Random
) -> None:
    """Numbers rise with gaps, some are overtaken by up to a dozen others, names come in between."""
    named = [one[0] for one in events]
    rising = list(accumulate((gap for _, gap, _ in events), initial=FIRST))
    order = sorted(range(len(events)), key=lambda at: at + events[at][2])
    came: list[str] = []
    seen = b""
    for at in order:
        one = f"media:{at}" if named[at] else str(rising[at])
        assert not has_seen(seen, one)
        seen = with_event(seen, one)
        came.append(one)
        again = back.choice(came)
        assert has_seen(seen, again) or again not in came[-EVENTS_REMEMBERED:]
        assert has_seen(seen, again) or again.startswith("media:")


@given(st.lists(ids, max_size=80))
def test_the_last_ones_are_known_whatever_they_are_called(event_ids: list[str]) -> None:
    seen = b""
    for at, one in enumerate(event_ids):
        seen = with_event(seen, one)
        assert all(
            has_seen(seen, known)
            for known in event_ids[max(0, at + 1 - EVENTS_REMEMBERED) : at + 1]
        )
    assert len(seen) <= (EVENTS_REMEMBERED + 1) * 6


def test_a_numbered_event_is_known_however_many_came_after_it() -> None:
    seen = after(*numbers(FIRST, 1000))
    assert all(has_seen(seen, one) for one in numbers(FIRST, 1000))
    assert not has_seen(seen, str(FIRST + 1000))


def test_one_that_was_overtaken_by_no_more_than_are_remembered_still_counts() -> None:
    late, others = str(FIRST), numbers(FIRST + 1, EVENTS_REMEMBERED)
    assert not has_seen(after(str(FIRST - 1), *others), late)
    seen = with_event(after(str(FIRST - 1), *others), late)
    assert all(has_seen(seen, one) for one in [*others, late])


def test_names_are_forgotten_after_so_many_and_move_no_mark() -> None:
    names = [f"media:{number}" for number in range(EVENTS_REMEMBERED)]
    seen = after("first", *names)
    assert not has_seen(seen, "first")
    assert all(has_seen(seen, one) for one in names)
    assert not has_seen(seen, "1")
    assert has_seen(after("5", *names), "5")


def test_what_is_put_back_counts_once_however_late() -> None:
    seen = after(*numbers(FIRST + 1, 100))
    aside = put_back(str(FIRST))
    assert has_seen(seen, str(FIRST))
    assert not has_seen(seen, aside)
    seen = with_event(seen, aside)
    assert has_seen(seen, aside)
    # Its turn was kept after all, or it was delivered again: the same event either way.
    assert has_seen(after("7"), put_back("7"))
    assert has_seen(after(put_back("7")), "7")


def test_a_count_that_begins_anew_far_below_is_not_what_went_before() -> None:
    seen = after(*numbers(FIRST, 100))
    mark = FIRST + 100 - EVENTS_REMEMBERED - 1
    assert has_seen(seen, str(mark - COUNT_MOST + 1))
    assert not has_seen(seen, str(mark - COUNT_MOST))
    anew = numbers(1000, 2 * EVENTS_REMEMBERED)
    for one in anew:
        assert not has_seen(seen, one)
        seen = with_event(seen, one)
    assert all(has_seen(seen, one) for one in anew)


@given(st.binary(max_size=6 * EVENTS_REMEMBERED), st.integers(0, EVENTS_REMEMBERED - 1))
def test_an_event_is_known_by_its_own_place_alone(events: bytes, place: int) -> None:
    whole = events[: len(events) // 6 * 6]
    name = with_event(b"", "e")
    before, behind = whole[: place * 6], whole[place * 6 :]
    assert has_seen(before + name + behind, "e")
    assert not has_seen(b"\0\0\0" + name + b"\0\0\0", "e")
    assert has_seen(b"\0\0\0" + name + b"\0\0\0" + name, "e")
