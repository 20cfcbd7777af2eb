"""Somebody who talks with the reducer, as a channel and the gateway would let them.

Every turn is held to what must always be true; see `tests.handlers.always`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count

from msgspec.structs import replace

from bot.core.dialogue import (
    Attached,
    Attachment,
    Choice,
    Command,
    Draft,
    Effect,
    Event,
    Facts,
    Located,
    Message,
    Opened,
    Pressed,
    Prompt,
    Submit,
    Text,
    Turn,
)
from bot.core.report import Place, Progress, Step
from config.form import read_form
from config.settings import read_settings
from handlers import conversation
from locales.catalogue import Catalogues
from tests.handlers.always import check_turn

FORM = read_form(read_settings())
CATALOGUES = Catalogues.load()
MORNING = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # 9:30 in the city
SQUARE = Place(30.70012, 111.28123)


@dataclass
class Person:
    """One conversation; `shown` is what the last turn showed, `effects` all that was ever done."""

    now: datetime = MORNING
    draft: Draft = field(init=False)
    shown: tuple[Prompt, ...] = ()
    effects: list[Effect] = field(default_factory=list)
    reports: dict[str, Progress] = field(default_factory=dict)
    transcript: list[tuple[Event, tuple[Prompt, ...]]] = field(default_factory=list)
    hint: Message | None = None
    kept_by: Message | None = None
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.draft = conversation.fresh("zh", self._facts())
        self.does(Opened())

    # What a person does

    def does(self, event: Event, receipts: tuple[str, ...] = ()) -> Turn:
        """One event, as it comes out of a channel."""
        facts = self._facts(conversation.receipts_named(event, receipts))
        before = self.draft
        turn = conversation.take(before, event, facts, receipts)
        check_turn(before, event, turn, facts, CATALOGUES)
        self.draft = turn.draft
        self.shown = turn.prompts or self.shown
        self.effects += turn.effects
        self.transcript.append((event, turn.prompts))
        for effect in turn.effects:
            if isinstance(effect, Submit):
                self.reports[effect.receipt] = Progress(effect.report.category, self.now)
        return turn

    def presses(self, *choices: str) -> Turn:
        """Buttons that are on the screen, one after the other."""
        assert choices
        for choice in choices:
            assert choice in self.offered, f"{choice} is not among {self.offered}"
            turn = self.does(Pressed(choice, self.screen.serial))
        return turn

    def types(self, text: str) -> Turn:
        return self.does(Text(text))

    def commands(self, name: str, argument: str = "") -> Turn:
        return self.does(Command(name, argument))

    def sends(self, pieces: int = 1, caption: str = "") -> tuple[str, ...]:
        """Pictures, as one album; their ids."""
        ids = tuple(f"picture{next(self._numbers):015}" for _ in range(pieces))
        self.does(Attached(tuple(Attachment(one, one) for one in ids), caption))
        return ids

    def locates(self, place: Place = SQUARE) -> Turn:
        return self.does(Located(place))

    def waits(self, **time: float) -> None:
        self.now += timedelta(**time)

    def reaches(self, step: str) -> Person:
        """Answers, in the shortest way, all that comes before this screen."""
        for _ in _SHORTEST:
            if self.draft.step != step:
                _SHORTEST[self.draft.step](self)
        assert self.draft.step == step
        return self

    # What a person sees

    @property
    def screen(self) -> Prompt:
        return self.shown[-1]

    @property
    def buttons(self) -> list[Choice]:
        return [choice for row in self.screen.rows for choice in row]

    @property
    def offered(self) -> list[str]:
        return [choice.id for choice in self.buttons]

    @property
    def said(self) -> list[str]:
        """The ids of all lines of the last turn."""
        return [line.id for prompt in self.shown for line in prompt.lines]

    def reads(self, locale: str = "zh") -> str:
        """All that the last turn said, in words."""
        lines = (line for prompt in self.shown for line in prompt.lines)
        return "\n".join(CATALOGUES.say(locale, line) for line in lines)

    @property
    def submitted(self) -> list[Submit]:
        return [effect for effect in self.effects if isinstance(effect, Submit)]

    def hears(self, receipt: str, *statuses: tuple[str, datetime]) -> None:
        """The case system moves a report on."""
        steps = tuple(Step(status, at) for status, at in statuses)
        known = self.reports[receipt]
        self.reports[receipt] = replace(known, steps=(*known.steps, *steps))

    def _facts(self, named: tuple[str, ...] = ()) -> Facts:
        return Facts(
            now=self.now,
            entropy=self._entropy(),
            form=FORM,
            locales=CATALOGUES.locales,
            progress={code: self.reports[code] for code in named if code in self.reports},
            hint=self.hint,
            transcript=self.kept_by,
        )

    def _entropy(self) -> bytes:
        return sha256(str(next(self._numbers)).encode()).digest()


_SHORTEST: dict[str, Callable[[Person], Turn]] = {
    "menu": lambda person: person.presses("report"),
    "category": lambda person: person.presses("fire"),
    "hazard": lambda person: person.presses("e_bike"),
    "location": lambda person: person.types("解放路 12 号"),
    "media": lambda person: person.presses("skip"),
    "description": lambda person: person.types("楼道里停着三辆电动车，正在飞线充电"),
    "danger": lambda person: person.presses("danger:no"),
    "summary": lambda person: person.presses("submit"),
}
