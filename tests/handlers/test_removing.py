"""Pictures taken out of a report again: the one that is meant, and no other."""

import pytest

from bot.core.dialogue import Attached, Attachment, Discard, MadeSafe, Message, Pressed, Refused
from bot.core.report import Place
from handlers.conversation import AWAY_SECONDS
from tests.handlers.person import Person

FOUND = (30.7, 111.28)


@pytest.fixture
def pictures(person: Person) -> tuple[str, ...]:
    """Three pictures of a report that is still to be described."""
    return person.reaches("media").sends(3)


def left(person: Person) -> tuple[str, ...]:
    return tuple(one.id for one in person.draft.answers.media)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_one_is_taken_out_and_the_others_stay(
    person: Person, pictures: tuple[str, ...], number: int
) -> None:
    person.presses("remove", f"drop:{pictures[number]}")
    others = tuple(one for one in pictures if one != pictures[number])
    assert left(person) == others
    assert person.effects[-1] == Discard((pictures[number],))
    assert person.screen.screen == "media"
    assert person.screen.lines[0] == Message("media.removed", {"count": 1}, count=1)
    person.presses("done", "skip", "danger:no", "submit")
    assert person.submitted[0].report.media == others


def test_all_are_taken_out_at_once(person: Person, pictures: tuple[str, ...]) -> None:
    person.presses("remove", "drop")
    assert left(person) == ()
    assert person.effects[-1] == Discard(pictures)
    assert person.said == ["media.removed", "media.ask"]


def test_thought_better_of(person: Person, pictures: tuple[str, ...]) -> None:
    person.presses("remove", "go_on")
    assert left(person) == pictures
    assert person.screen.screen == "media"


def test_of_a_single_picture_there_is_no_all(person: Person) -> None:
    (picture,) = person.reaches("media").sends(1)
    person.presses("remove")
    assert person.offered == [f"drop:{picture}", "go_on"]


def test_one_changed_afterwards_from_the_summary(person: Person) -> None:
    first, second = person.reaches("media").sends(2)
    person.presses("done", "skip", "danger:no", "edit:media", "remove", f"drop:{first}", "done")
    assert person.draft.step == "summary"
    assert left(person) == (second,)


def test_each_button_shows_its_picture_once_it_is_safe(
    person: Person, pictures: tuple[str, ...]
) -> None:
    _, second, third = pictures
    person.does(MadeSafe(second))
    person.presses("remove")
    assert [one.media for one in person.buttons[:3]] == [None, second, None]
    person.does(MadeSafe(third))
    assert [one.media for one in person.buttons[:3]] == [None, second, third]
    assert person.screen.media == (second, third)
    assert [one.label.values for one in person.buttons[:3]] == [{"number": n} for n in (1, 2, 3)]


def test_a_button_means_the_same_picture_when_others_have_moved_up(
    person: Person, pictures: tuple[str, ...]
) -> None:
    first, second, third = pictures
    person.presses("remove")
    press = Pressed(f"drop:{second}", person.screen.serial)
    person.does(Refused(first, "broken"))
    assert person.screen.screen == "remove"
    person.does(press)
    assert left(person) == (third,)


def test_a_button_of_a_picture_that_is_gone_takes_out_nothing(
    person: Person, pictures: tuple[str, ...]
) -> None:
    first, *others = pictures
    person.presses("remove")
    press = Pressed(f"drop:{first}", person.screen.serial)
    person.does(Refused(first, "broken"))
    assert person.does(press).effects == ()
    assert left(person) == tuple(others)
    assert person.screen.screen == "remove"


def test_a_button_pressed_twice_takes_out_one(person: Person, pictures: tuple[str, ...]) -> None:
    person.presses("remove")
    serial = person.screen.serial
    person.does(Pressed(f"drop:{pictures[0]}", serial))
    person.does(Pressed("drop", serial))
    assert left(person) == pictures[1:]


def test_nothing_is_left_to_choose_from(person: Person) -> None:
    (picture,) = person.reaches("media").sends(1)
    person.presses("remove")
    person.does(Refused(picture, "broken"))
    assert person.said == ["media.refused.broken", "media.ask"]


def test_a_picture_sent_instead_of_an_answer_is_added(
    person: Person, pictures: tuple[str, ...]
) -> None:
    person.presses("remove")
    more = person.sends(1)
    assert left(person) == pictures + more
    assert person.screen.screen == "media"


def test_whoever_left_at_the_question_comes_back_to_the_pictures(
    person: Person, pictures: tuple[str, ...]
) -> None:
    person.presses("remove")
    person.waits(seconds=AWAY_SECONDS + 1)
    person.commands("start")
    person.presses("go_on")
    assert person.screen.screen == "media"
    assert left(person) == pictures


def test_a_position_that_may_have_been_in_it_is_offered_no_longer(
    person: Person, pictures: tuple[str, ...]
) -> None:
    person.does(MadeSafe(pictures[0], FOUND))
    assert person.draft.answers.offered == Place(*FOUND)
    person.presses("remove", f"drop:{pictures[0]}")
    assert person.draft.answers.offered is None


def test_the_answer_about_sound_goes_with_the_last_one(person: Person) -> None:
    film, other = (Attachment(letter * 22, letter, video=True) for letter in "ab")
    person.reaches("media").does(Attached((film, other)))
    person.presses("sound:keep", "remove", f"drop:{film.id}")
    assert person.draft.answers.sound is True
    person.presses("remove", f"drop:{other.id}")
    assert person.draft.answers.sound is None
