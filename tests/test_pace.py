"""Counting in memory: by name, for a while, and never without bound."""

from __future__ import annotations

import pytest

from bot import pace
from bot.pace import Pace


def test_each_name_is_counted_for_itself() -> None:
    pace = Pace(60)
    assert [pace.counted("a"), pace.counted("a", 3), pace.counted("b")] == [1, 4, 1]


def test_a_new_while_begins_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("bot.pace.time.monotonic", lambda: now)
    counts = Pace(60)
    assert counts.counted("a") == 1
    now += 59.9
    assert counts.counted("a") == 2
    now += 0.2
    assert counts.counted("a") == 1


def test_made_up_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "KNOWN_MOST", 10)
    counts = Pace(60)
    for number in range(1000):
        counts.counted(str(number))
    assert len(counts._counts) <= 10
