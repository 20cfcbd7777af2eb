"""What people say to the bot in the benchmarks: reports, made step by step, given up or handed in.

The events are played through the real reducer beforehand, so that each button carries the serial
of the screen that it stands on, and the draft that must be in the store at the end is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice

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
GIVEN_UP = (*_ROUND, "back", "cancel", "cancel:yes")
HANDED_IN = (*_ROUND[:-2], "submit")


@dataclass(frozen=True, slots=True)
class Said:
    """One event, and the draft that it leads to."""

    event: Event
    after: Draft


def form() -> Form:
    """The form that the programme comes with."""
    return read_form(Settings(_env_file=None))  # type: ignore[call-arg]


def talk(first: Draft, count: int, steps: Sequence[str | None] = GIVEN_UP) -> list[Said]:
    """The next `count` events of somebody whose draft is `first`: these steps, again and again."""
    facts = Facts(datetime.now(UTC), bytes(32), form(), (("zh", "中文"), ("en", "English")))
    said: list[Said] = []
    draft = first
    for choice in islice(cycle(steps), count):
        event = _event(choice, draft)
        draft = conversation.take(draft, event, facts, ()).draft
        said.append(Said(event, draft))
    return said


def _event(choice: str | None, draft: Draft) -> Event:
    if choice is None:
        return Located(_PLACE)
    return Pressed(choice, draft.serial) if choice else Text(_WORDS)
