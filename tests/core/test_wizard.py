"""Which step comes next, without anybody talking."""

import pytest
from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import Draft
from bot.core.form import STEPS
from bot.core.report import Answers, Media, Place
from tests.handlers.person import FORM

NOTHING = Answers()
EVERYTHING = Answers(
    category="fire",
    hazard="e_bike",
    place=Place(words="解放路 12 号"),
    media=(Media("m"),),
    media_done=True,
    description="三辆电动车",
    description_done=True,
    danger=False,
)
WITHOUT = {
    "category": replace(EVERYTHING, category=None, hazard=None),
    "hazard": replace(EVERYTHING, hazard=None),
    "location": replace(EVERYTHING, place=None),
    "media": replace(EVERYTHING, media_done=False),
    "description": replace(EVERYTHING, description="", description_done=False),
    "danger": replace(EVERYTHING, danger=None),
}


def at(step: str, answers: Answers, *, editing: bool = False) -> Draft:
    return Draft("zh", step=step, answers=answers, editing=editing)


def test_everything_is_complete_and_nothing_is_not() -> None:
    assert wizard.complete(EVERYTHING, FORM)
    assert wizard.unanswered(NOTHING, FORM) == tuple(step for step in STEPS if step != "hazard")


@pytest.mark.parametrize("step", STEPS)
def test_the_one_step_that_is_missing_is_asked(step: str) -> None:
    assert wizard.unanswered(WITHOUT[step], FORM) == (step,)
    for here in STEPS:
        assert wizard.advance(at(here, WITHOUT[step]), FORM).step == step


@pytest.mark.parametrize("step", STEPS)
def test_with_all_answered_every_way_on_is_the_summary(step: str) -> None:
    for editing in (False, True):
        on = wizard.advance(at(step, EVERYTHING, editing=editing), FORM)
        assert (on.step, on.editing) == ("summary", False)


def test_later_steps_come_before_earlier_ones_that_were_left_open() -> None:
    answers = replace(EVERYTHING, place=None, danger=None)
    assert wizard.advance(at("media", answers), FORM).step == "danger"
    assert wizard.advance(at("danger", replace(answers, danger=True)), FORM).step == "location"


def test_a_hazard_is_asked_only_where_the_category_has_some() -> None:
    other = replace(EVERYTHING, category="other", hazard=None)
    assert wizard.complete(other, FORM)
    assert wizard.back(at("location", other), FORM).step == "category"
    assert wizard.back(at("location", EVERYTHING), FORM).step == "hazard"


@pytest.mark.parametrize(
    ("step", "media", "may"),
    [
        ("media", (), True),
        ("media", (Media("m"),), False),
        ("description", (), False),
        ("description", (Media("m"),), True),
        ("location", (), False),
        ("danger", (), False),
    ],
)
def test_what_may_be_skipped(step: str, media: tuple[Media, ...], may: bool) -> None:
    assert wizard.may_skip(step, Answers(media=media)) == may


def test_a_description_that_was_skipped_is_missing_again_without_pictures() -> None:
    skipped = replace(EVERYTHING, description="")
    assert wizard.complete(skipped, FORM)
    assert wizard.unanswered(replace(skipped, media=()), FORM) == ("description",)


def test_back_from_the_summary_is_the_last_step_and_from_the_first_the_first() -> None:
    assert wizard.back(at("summary", EVERYTHING), FORM).step == "danger"
    assert wizard.back(at("category", NOTHING), FORM).step == "category"


@pytest.mark.parametrize("step", STEPS)
def test_back_from_an_edit_is_the_summary(step: str) -> None:
    there = wizard.back(at(step, EVERYTHING, editing=True), FORM)
    assert (there.step, there.editing) == ("summary", False)


@pytest.mark.parametrize(
    ("here", "missing", "there"),
    [
        ("hazard", "hazard", "category"),
        ("category", "hazard", "hazard"),
        ("description", "description", "media"),
        ("media", "description", "description"),
    ],
)
def test_back_from_an_edit_with_an_answer_missing(here: str, missing: str, there: str) -> None:
    moved = wizard.back(at(here, WITHOUT[missing], editing=True), FORM)
    assert (moved.step, moved.editing) == (there, True)


def test_the_serial_changes_with_every_screen_and_begins_again_at_its_end() -> None:
    assert wizard.at(Draft("zh", serial=7), "category").serial == 8
    assert wizard.at(Draft("zh", serial=wizard.SERIALS - 1), "category").serial == 0


def test_a_question_on_top_goes_and_leaves_no_valid_button_behind() -> None:
    asked = Draft("zh", step="media", overlay="cancel", editing=True, serial=3)
    bare = wizard.uncovered(asked)
    assert (bare.step, bare.overlay, bare.editing, bare.serial) == ("media", "", True, 4)
    assert wizard.uncovered(bare) is bare


def test_a_new_report_keeps_only_what_was_written_at_the_menu() -> None:
    written = Answers(description="车间粉尘很大")
    assert wizard.begun(at("menu", written)).answers == written
    assert wizard.begun(at("media", EVERYTHING)).answers == NOTHING
    assert wizard.begun(at("receipt", EVERYTHING)).step == "category"


def test_what_the_form_no_longer_has_is_asked_again() -> None:
    assert wizard.unanswered(replace(EVERYTHING, hazard="gone"), FORM) == ("hazard",)
    assert wizard.unanswered(replace(EVERYTHING, category="gone"), FORM) == ("category",)
