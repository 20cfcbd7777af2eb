"""Cancelling, going away, coming back, starting anew; old buttons and two devices."""

import pytest
from msgspec.structs import replace

from bot.core.dialogue import Discard, Opened, Pressed, Text
from bot.core.report import Answers
from handlers.conversation import AWAY_SECONDS
from tests.handlers.person import Person

STEPS = ["category", "hazard", "location", "media", "description", "danger", "summary"]


@pytest.mark.parametrize("step", STEPS)
def test_cancel_is_asked_once_and_then_everything_is_gone(person: Person, step: str) -> None:
    pictures = person.reaches(step).sends(2)
    person.presses("cancel")
    assert person.said == ["cancel.ask"]
    person.presses("cancel:yes")
    assert person.draft.step == "menu"
    assert person.said[0] == "cancel.done"
    assert person.effects[-1] == Discard(pictures)
    assert person.submitted == []


@pytest.mark.parametrize("step", STEPS)
def test_cancel_thought_better_of(person: Person, step: str) -> None:
    answers = person.reaches(step).draft.answers
    person.presses("cancel", "cancel:no")
    assert (person.draft.step, person.draft.answers) == (step, answers)
    assert person.screen.screen == step


def test_an_answer_beside_the_question_is_an_answer(person: Person) -> None:
    person.reaches("location").presses("cancel")
    person.types("解放路 12 号")
    assert person.draft.step == "media"
    assert person.draft.overlay == ""


def test_nothing_to_cancel(person: Person) -> None:
    person.commands("cancel")
    assert person.said[0] == "cancel.nothing"
    person.reaches("receipt").commands("cancel")
    assert person.said == ["cancel.nothing"]


@pytest.mark.parametrize("step", STEPS)
def test_coming_back_soon_shows_the_same_step(person: Person, step: str) -> None:
    person.reaches(step).waits(seconds=AWAY_SECONDS)
    person.does(Opened())
    assert person.screen.screen == step


@pytest.mark.parametrize("step", STEPS)
def test_coming_back_later_asks_whether_to_go_on(person: Person, step: str) -> None:
    answers = person.reaches(step).draft.answers
    person.waits(seconds=AWAY_SECONDS + 1)
    person.does(Opened())
    assert person.said == ["resume.ask"]
    person.presses("go_on")
    assert (person.draft.step, person.draft.answers) == (step, answers)


def test_an_edit_goes_on_as_an_edit(person: Person) -> None:
    person.reaches("summary").presses("edit:location")
    person.waits(hours=2)
    person.does(Opened())
    person.presses("go_on")
    person.types("滨江路 8 号")
    assert person.draft.step == "summary"


@pytest.mark.parametrize("command", ["start", "report"])
def test_starting_with_a_report_open_offers_to_go_on_or_start_anew(
    person: Person, command: str
) -> None:
    pictures = person.reaches("description").sends(1)
    person.commands(command)
    assert person.said == ["resume.ask"]
    person.presses("anew")
    assert person.said == ["anew.ask"]
    person.presses("anew:yes")
    assert person.draft.step == "category"
    assert person.draft.answers == Answers()
    assert person.effects[-1] == Discard(pictures)


@pytest.mark.parametrize("step", STEPS)
def test_starting_anew_thought_better_of(person: Person, step: str) -> None:
    answers = person.reaches(step).draft.answers
    person.commands("start")
    press = Pressed("anew", person.screen.serial)
    person.does(press)
    person.does(press)  # a second touch in the same place is not yet a yes
    assert person.said == ["anew.ask"]
    person.presses("cancel:no")
    assert person.screen.screen == step
    assert (person.draft.step, person.draft.answers) == (step, answers)


def test_whoever_left_at_starting_anew_is_asked_from_the_beginning(person: Person) -> None:
    answers = person.reaches("danger").draft.answers
    person.commands("start")
    person.presses("anew")
    person.waits(seconds=AWAY_SECONDS + 1)
    person.does(Opened())
    assert person.said == ["resume.ask"]
    assert person.draft.answers == answers


def test_coming_back_to_the_menu_shows_the_menu(person: Person) -> None:
    person.waits(days=3)
    person.does(Opened())
    assert person.screen.screen == "menu"


def test_an_old_button_shows_where_things_stand(person: Person) -> None:
    person.presses("report")
    old = Pressed("fire", person.screen.serial)
    person.presses("gas")
    person.does(old)
    assert person.draft.step == "hazard"
    assert person.draft.answers.category == "gas"
    assert person.screen.screen == "hazard"


def test_a_button_pressed_twice_counts_once(person: Person) -> None:
    person.reaches("danger")
    press = Pressed("danger:yes", person.screen.serial)
    person.does(press)
    assert [prompt.screen for prompt in person.does(press).prompts] == ["summary"]


def test_an_old_yes_to_cancelling_cancels_nothing(person: Person) -> None:
    person.reaches("danger").presses("cancel")
    old = Pressed("cancel:yes", person.screen.serial)
    person.types("有两个人困在里面")
    person.does(old)
    assert person.draft.step == "danger"
    person.presses("cancel")
    person.does(old)
    assert person.draft.overlay == "cancel"


def test_two_devices_at_two_screens(person: Person) -> None:
    person.presses("report")
    on_the_other = Pressed("fire", person.screen.serial)
    person.presses("gas", "smell")
    person.does(on_the_other)
    person.types("解放路 12 号")
    assert person.draft.answers.category == "gas"
    assert person.draft.step == "media"


@pytest.mark.parametrize("choice", ["report", "menu", "language"])
def test_an_old_menu_still_works_while_no_report_is_open(person: Person, choice: str) -> None:
    old = Pressed(choice, person.screen.serial)
    person.presses("language", "locale:en")
    person.does(old)
    expected = {"report": "category", "menu": "menu", "language": "language"}
    assert person.screen.screen == expected[choice]


def test_an_old_menu_does_not_touch_an_open_report(person: Person) -> None:
    old = Pressed("report", person.screen.serial)
    person.reaches("danger").does(old)
    assert person.draft.step == "danger"


@pytest.mark.parametrize("choice", ["guide", "privacy"])
def test_reading_something_else_leaves_the_report_where_it_is(person: Person, choice: str) -> None:
    person.reaches("hazard").commands(choice)
    assert person.screen.screen == choice
    person.presses("go_on")
    assert person.screen.screen == "hazard"


@pytest.mark.parametrize("step", ["menu", *STEPS, "receipt"])
def test_the_language_changes_anywhere_and_nothing_else_does(person: Person, step: str) -> None:
    before = person.reaches(step).draft
    person.commands("language")
    person.presses("locale:en")
    assert person.draft.locale == "en"
    assert (person.draft.step, person.draft.answers) == (before.step, before.answers)
    assert person.screen.screen == step


def test_a_picture_after_the_receipt_begins_another_report(person: Person) -> None:
    person.reaches("receipt").sends(1)
    assert person.draft.step == "category"
    assert "note.report_begun" in person.said
    assert person.draft.receipt == ""


def test_words_after_the_receipt_are_answered_without_saying_it_again(person: Person) -> None:
    person.reaches("receipt").does(Text("谢谢，还有一件事"))
    assert person.said == ["help.receipt"]
    assert not person.screen.keep
    assert "menu" in person.offered


def test_help_is_the_guide(person: Person) -> None:
    person.commands("help")
    assert person.said[0] == "guide.title"


def test_a_command_nobody_knows_shows_the_menu(person: Person) -> None:
    person.commands("weather")
    assert person.screen.screen == "menu"


def test_a_language_nobody_speaks_asks_which(person: Person) -> None:
    person.commands("language", "tlh")
    assert person.said == ["language.ask"]


def test_a_category_that_the_form_lost_meanwhile_is_asked_for_at_the_end(person: Person) -> None:
    person.reaches("summary")
    person.draft = replace(person.draft, answers=replace(person.draft.answers, category="gone"))
    person.presses("submit")
    assert person.submitted == []
    assert person.screen.screen == "category"
    person.presses("fire", "e_bike", "submit")
    assert len(person.submitted) == 1


def test_a_hazard_step_whose_category_is_gone_asks_for_the_category(person: Person) -> None:
    person.reaches("hazard")
    person.draft = replace(person.draft, answers=replace(person.draft.answers, category="gone"))
    person.does(Opened())
    assert "category.ask" in person.said
    person.presses("gas", "smell")
    assert person.draft.step == "location"
