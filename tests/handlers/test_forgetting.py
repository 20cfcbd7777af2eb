"""*Forget me*: one report or all that this chat holds, asked once."""

import pytest

from bot.channels.registry import CHANNELS
from bot.core.dialogue import Discard, Forget, Message, Pressed
from tests.handlers.person import Person


@pytest.fixture
def receipt(person: Person) -> str:
    person.reaches("receipt")
    return person.submitted[0].receipt


def forgotten(person: Person) -> list[str]:
    return [code for one in person.effects if isinstance(one, Forget) for code in one.receipts]


def test_one_report_is_forgotten_after_one_question(person: Person, receipt: str) -> None:
    person.presses(f"status:{receipt}", f"forget:{receipt}")
    assert person.said == ["forget.ask"]
    assert forgotten(person) == []
    person.presses(f"forgotten:{receipt}")
    assert person.said == ["forget.done"]
    assert forgotten(person) == [receipt]
    assert person.screen.forgotten == (receipt,)
    assert (person.draft.step, person.draft.receipt) == ("menu", "")


def test_no_is_an_answer(person: Person, receipt: str) -> None:
    person.presses(f"status:{receipt}", f"forget:{receipt}", "menu")
    assert forgotten(person) == []
    assert person.screen.screen == "menu"


def test_another_report_that_is_open_stays_as_it_is(person: Person, receipt: str) -> None:
    person.presses("menu")
    person.reaches("description")
    before = person.draft.answers
    person.does(Pressed(f"status:{receipt}"))
    person.presses(f"forget:{receipt}", f"forgotten:{receipt}", "go_on")
    assert person.draft.answers.place == before.place
    assert forgotten(person) == [receipt]


@pytest.mark.parametrize("choice", ["forget:{}", "forgotten:{}"])
@pytest.mark.parametrize("code", ["0000-0000-0000-0000-0000", "nonsense", ""])
def test_a_receipt_that_nobody_holds_forgets_nothing(
    person: Person, choice: str, code: str
) -> None:
    person.does(Pressed(choice.format(code)))
    assert person.said == ["status.unknown"]
    assert person.effects == []


def test_a_second_press_forgets_nothing_more(person: Person, receipt: str) -> None:
    person.presses(f"status:{receipt}", f"forget:{receipt}", f"forgotten:{receipt}")
    del person.reports[receipt]
    person.does(Pressed(f"forgotten:{receipt}"))
    assert person.said == ["status.unknown"]
    assert forgotten(person) == [receipt]


def test_all_that_the_chat_holds_goes(person: Person, receipt: str) -> None:
    person.presses("menu")
    pictures = person.reaches("media").sends(2)
    person.does(Pressed("privacy"))
    person.presses("forget")
    assert person.said == ["forget.ask_all", "forget.reports_stay"]
    serial = person.screen.serial
    stranger = "0000-0000-0000-0000-0000"
    person.does(Pressed("forgotten", serial), (receipt, stranger))
    assert forgotten(person) == [receipt]
    assert Discard(pictures) in person.effects
    assert person.screen.forgotten == (receipt, stranger)
    assert Message("forget.done_reports", count=1) in person.screen.lines
    assert (person.draft.step, person.draft.receipt, person.draft.open) == ("menu", "", False)
    assert person.draft.answers == type(person.draft.answers)()


def test_a_chat_that_holds_no_receipts_is_told_what_to_do_with_them(person: Person) -> None:
    person.commands("forget")
    person.presses("forgotten")
    assert forgotten(person) == []
    assert person.said == ["forget.done_all", "forget.elsewhere"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_channel_says_what_becomes_of_the_words(
    person: Person, receipt: str, channel: str
) -> None:
    person.kept_by = Message(f"forget.transcript.{channel}")
    for choice in ("forget:{}", "forgotten:{}", "forget", "forgotten"):
        person.does(Pressed(choice.format(receipt)))
        assert person.kept_by in person.screen.lines


@pytest.mark.parametrize("step", ["category", "location", "summary", "receipt"])
def test_it_can_be_asked_for_anywhere_and_left_again(person: Person, step: str) -> None:
    person.reaches(step)
    before = person.draft.answers
    person.commands("forget")
    person.presses("go_on" if person.draft.open else "menu")
    assert person.draft.answers == before
