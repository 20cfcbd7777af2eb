"""The sound of videos is asked for once, before anything is fetched; no answer drops it."""

import pytest

from bot.core.dialogue import Attached, Attachment, Fetch, Opened
from tests.handlers.person import SQUARE, Person

FIRST, SECOND = (Attachment(letter * 22, letter, video=True) for letter in "ab")
PICTURE = Attachment("c" * 22, "c")


def fetched(person: Person) -> list[Fetch]:
    return [effect for effect in person.effects if isinstance(effect, Fetch)]


@pytest.mark.parametrize(("choice", "kept"), [("sound:drop", False), ("sound:keep", True)])
def test_a_video_waits_for_the_answer_and_later_ones_follow_it(
    person: Person, choice: str, kept: bool
) -> None:
    person.reaches("media").does(Attached((FIRST, PICTURE)))
    assert (person.screen.screen, person.said[-1]) == ("sound", "sound.ask")
    assert fetched(person) == [Fetch(PICTURE)]
    person.presses(choice)
    assert person.screen.screen == "media"
    assert fetched(person)[1:] == [Fetch(FIRST, kept)]
    person.does(Attached((SECOND,)))
    assert person.screen.screen == "media"
    assert fetched(person)[2:] == [Fetch(SECOND, kept)]


def test_pictures_ask_nothing(person: Person) -> None:
    person.reaches("media").sends(3)
    assert person.screen.screen == "media"


def test_whoever_goes_on_without_an_answer_gets_the_safe_one(person: Person) -> None:
    person.reaches("media").does(Attached((FIRST,)))
    person.locates(SQUARE)
    assert fetched(person) == [Fetch(FIRST, sound=False)]
    assert person.draft.held == ()


def test_a_second_video_before_the_answer_waits_as_well(person: Person) -> None:
    person.reaches("media").does(Attached((FIRST,)))
    person.does(Attached((SECOND,)))
    assert fetched(person) == []
    person.presses("sound:keep")
    assert fetched(person) == [Fetch(FIRST, True), Fetch(SECOND, True)]


def test_the_question_comes_back_from_under_another_one(person: Person) -> None:
    person.reaches("media").does(Attached((FIRST,)))
    person.commands("cancel")
    person.presses("cancel:no")
    assert person.screen.screen == "sound"
    person.commands("language", "en")
    assert person.screen.screen == "sound"
    assert person.draft.locale == "en"
    person.waits(hours=2)
    person.does(Opened())
    person.presses("go_on")
    person.presses("sound:drop")
    assert fetched(person) == [Fetch(FIRST, sound=False)]


@pytest.mark.parametrize("way", ["cancel", "anew"])
def test_of_a_report_that_is_given_up_nothing_is_fetched(person: Person, way: str) -> None:
    person.reaches("media").does(Attached((FIRST,)))
    if way == "cancel":
        person.commands("cancel")
        person.presses("cancel:yes")
    else:
        person.commands("start")
        person.presses("anew", "anew:yes")
    assert fetched(person) == []
    assert person.draft.held == ()


def test_videos_that_are_dropped_leave_no_answer_behind(person: Person) -> None:
    person.reaches("media").does(Attached((FIRST,)))
    person.presses("sound:keep", "remove", f"drop:{FIRST.id}")
    person.does(Attached((SECOND,)))
    assert person.screen.screen == "sound"
