"""Whatever people, channels and workers do, and in whatever order: what always holds, holds."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.core.dialogue import (
    Attached,
    Attachment,
    Command,
    Fetch,
    Located,
    MadeSafe,
    Opened,
    Pressed,
    Refused,
    Submit,
    Text,
    Unknown,
)
from bot.core.receipt import receipt_from
from bot.core.report import Place
from handlers.screens import EDITED
from tests.handlers.person import FORM, Person

MOVES_TO_SUBMIT_MOST = 12
# Pressing these shows the same again where nothing has changed meanwhile.
MAY_REPEAT = ("status:",)
# The first that is on offer leads on towards a report.
WAY_ON = (
    *("go_on", "cancel:no", "locale:zh", "sound:drop", "report", "submit", "menu"),
    *("fire", "e_bike", "leak", "danger:no", "done", "skip", "keep"),
)

words = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                " ",
                "你好",
                "没有",
                "好",
                "有人被困在三楼了",
                "{category} {0} {} %s {text.__class__}",
            ),
            *("x" * FORM.address_most, "x" * (FORM.address_most + 1), "\n\n", "/start", "🔥🔥🔥🔥"),
            *("汉" * FORM.description_most, "汉" * (FORM.description_most + 1)),
            *(receipt_from(bytes(12)), receipt_from(bytes(12))[:-1] + "Z", "start.welcome"),
        ]
    ),
    st.text(max_size=60),
)
degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
places = st.builds(
    lambda position, words: Place(position[0], position[1], words),
    degrees,
    st.sampled_from(["", "菜市场", "长" * 300]),
)
reasons = st.sampled_from(
    ["too_large", "too_many_pixels", "unsupported", "broken", "too_slow", "no_picture", "gone"]
)
commands = st.sampled_from(
    [
        "start",
        "report",
        "reports",
        "guide",
        "privacy",
        "language",
        "cancel",
        "help",
        "status",
        "forget",
        "?",
    ]
)


class AnyConversation(RuleBasedStateMachine):
    """`Person.does` holds every turn to `tests.handlers.always`; the rules only do things."""

    def __init__(self) -> None:
        super().__init__()
        self.person = Person()
        self.sent: list[str] = []
        self.old: list[Pressed] = []

    @initialize(moves=st.integers(0, 9), edited=st.none() | st.sampled_from(EDITED))
    def begins_somewhere(self, moves: int, edited: str | None) -> None:
        if edited:
            self.person.reaches("summary").presses(f"edit:{edited}")
            return
        self.goes_on(moves)

    @rule(moves=st.integers(1, 3))
    def goes_on(self, moves: int) -> None:
        for _ in range(moves):
            self._takes_the_way_on()

    @rule(number=st.integers(0, 40))
    def presses_a_button(self, number: int) -> None:
        shown = self.person.screen
        button = self.person.buttons[number % len(self.person.buttons)]
        if button.kind == "position":
            return
        press = Pressed(button.id, shown.serial)
        self.old.append(press)
        self.person.does(press, tuple(self.person.reports))
        led_on = self.person.screen != shown
        assert led_on or button.id.startswith(MAY_REPEAT), f"{button.id} leads nowhere"

    @precondition(lambda self: self.old)
    @rule(number=st.integers(0, 40))
    def presses_an_old_button(self, number: int) -> None:
        self.person.does(self.old[-1 - number % len(self.old)])

    @rule(
        choice=st.sampled_from(
            ["submit", "fire", "other", "skip", "edit:media", "anew", "anew:yes", "drop", "", "x"]
        )
    )
    def presses_where_serials_get_lost(self, choice: str) -> None:
        self.person.does(Pressed(choice))

    @rule(text=words)
    def types(self, text: str) -> None:
        self.person.does(Text(text))

    @rule(name=commands, argument=st.sampled_from(["", "en", "zh", "x", receipt_from(bytes(12))]))
    def commands(self, name: str, argument: str) -> None:
        self.person.does(Command(name, argument), tuple(self.person.reports))

    @rule(place=places)
    def locates(self, place: Place) -> None:
        self.person.does(Located(place))

    @rule(
        pieces=st.integers(0, 11),
        refused=st.none() | reasons,
        caption=words,
        videos=st.integers(0, 3),
    )
    def sends(self, pieces: int, refused: str | None, caption: str, videos: int) -> None:
        ids = [f"media{len(self.sent) + number:017}" for number in range(pieces)]
        self.sent += ids
        usable = tuple(Attachment(one, one, video=at < videos) for at, one in enumerate(ids))
        useless = (Attachment("useless", "useless", refused=refused),) if refused else ()
        self.person.does(Attached((*usable, *useless), caption))

    @rule(number=st.integers(0, 40), position=st.none() | degrees)
    def is_made_safe(self, number: int, position: tuple[float, float] | None) -> None:
        media = self.sent[number % len(self.sent)] if self.sent else "unknown"
        self.person.does(MadeSafe(media, position))

    @rule(number=st.integers(0, 40), reason=reasons)
    def is_refused(self, number: int, reason: str) -> None:
        media = self.sent[number % len(self.sent)] if self.sent else "unknown"
        self.person.does(Refused(media, reason))

    @rule(event=st.sampled_from([Opened(), Unknown()]))
    def comes_back_or_sends_a_sticker(self, event: Opened | Unknown) -> None:
        self.person.does(event)

    @rule(minutes=st.sampled_from([1, 14, 16, 600, 6000]))
    def waits(self, minutes: int) -> None:
        self.person.waits(minutes=minutes)

    @invariant()
    def no_report_is_made_twice(self) -> None:
        submits = [effect for effect in self.person.effects if isinstance(effect, Submit)]
        assert len({submit.receipt for submit in submits}) == len(submits)
        assert len({submit.report.reference for submit in submits}) == len(submits)

    @invariant()
    def every_picture_of_the_report_is_fetched_once_or_waits_for_an_answer(self) -> None:
        fetched = [one.attachment.id for one in self.person.effects if isinstance(one, Fetch)]
        held = [one.id for one in self.person.draft.held]
        assert len({*fetched, *held}) == len(fetched) + len(held)
        assert {one.id for one in self.person.draft.answers.media} <= {*fetched, *held}
        assert not held or self.person.draft.overlay

    def teardown(self) -> None:
        """From wherever this ended, the nearest way leads to a report."""
        before = len(self.person.submitted)
        for _ in range(MOVES_TO_SUBMIT_MOST):
            self._takes_the_way_on()
            if len(self.person.submitted) > before:
                return
        raise AssertionError(f"stuck at {self.person.screen.screen}: {self.person.offered}")

    def _takes_the_way_on(self) -> None:
        person = self.person
        way = next((choice for choice in WAY_ON if choice in person.offered), None)
        if way:
            person.presses(way)
        elif person.draft.step == "hazard":
            person.presses(person.offered[0])
        else:
            person.types("说得清楚的一句话")


AnyConversation.TestCase.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAnyConversation = AnyConversation.TestCase
