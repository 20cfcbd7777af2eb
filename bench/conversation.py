"""What people say to the bot in the benchmarks: reports, made step by step and then given up.

The events are played through the real reducer beforehand, so that each button carries the serial
of the screen that it stands on, and the draft that must be in the store at the end is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core.dialogue import Draft, Event, Facts, Located, Pressed, Text
from bot.core.form import Form
from bot.core.report import Place
from config.form import read_form
from config.settings import Settings
from handlers import conversation

_WORDS = "三楼安全出口被纸箱和电动车堵住，门打不开，晚上还有人在里面充电，已经一个多星期了。"
_PLACE = Place(30.69153, 111.28642)
# A button by its choice; "" is something typed, None a position that is sent.
_ROUND = ("report", "fire", "blocked_exit", None, "skip", "", "danger:no", "edit:description", "")
_GIVEN_UP = ("back", "cancel", "cancel:yes")


@dataclass(frozen=True, slots=True)
class Said:
    """One event, and the draft that it leads to."""

    event: Event
    after: Draft


def form() -> Form:
    """The form that the programme comes with."""
    return read_form(Settings(_env_file=None))  # type: ignore[call-arg]


def talk(first: Draft, count: int) -> list[Said]:
    """The next `count` events of somebody whose draft is `first`."""
    facts = Facts(datetime.now(UTC), bytes(32), form(), (("zh", "中文"), ("en", "English")))
    said: list[Said] = []
    draft = first
    for choice in _choices(count):
        event = _event(choice, draft)
        draft = conversation.take(draft, event, facts, ()).draft
        said.append(Said(event, draft))
    return said


def _choices(count: int) -> Iterator[str | None]:
    steps = _ROUND + _GIVEN_UP
    return (steps[number % len(steps)] for number in range(count))


def _event(choice: str | None, draft: Draft) -> Event:
    if choice is None:
        return Located(_PLACE)
    return Pressed(choice, draft.serial) if choice else Text(_WORDS)
