"""A report from the first press to the receipt, and what is in it."""

from datetime import date

import pytest

from bot.core.dialogue import Fetch, MadeSafe, Pressed, Text
from bot.core.report import Place
from handlers.screens import EDITED
from tests.handlers.person import FORM, MORNING, SQUARE, Person

STEPS = ["category", "hazard", "location", "media", "description", "danger", "summary"]


def test_every_answer_is_in_the_report(person: Person) -> None:
    person.presses("report", "gas", "bottles")
    person.locates(Place(SQUARE.latitude, SQUARE.longitude, "菜市场"))
    pictures = person.sends(2)
    person.presses("done")
    person.types("  {0} 瓶液化气堆在楼梯间  ")
    person.presses("danger:no", "submit")
    (submit,) = person.submitted
    report = submit.report
    assert (report.category, report.hazard) == ("gas", "bottles")
    assert report.place == Place(SQUARE.latitude, SQUARE.longitude, "菜市场")
    assert report.media == pictures
    assert report.description == "{0} 瓶液化气堆在楼梯间"
    assert not report.danger
    assert report.submitted_at == MORNING
    assert [effect.attachment.id for effect in person.effects if isinstance(effect, Fetch)] == list(
        pictures
    )


def test_steps_come_in_order(person: Person) -> None:
    seen = []
    person.presses("report")
    for step in STEPS:
        seen.append(person.draft.step)
        if step != "summary":
            person.reaches(STEPS[STEPS.index(step) + 1])
    assert seen == STEPS


def test_a_category_without_hazards_asks_for_none(person: Person) -> None:
    person.presses("report", "other")
    assert person.draft.step == "location"
    person.presses("back")
    assert person.draft.step == "category"


def test_the_receipt_names_the_days(person: Person) -> None:
    person.reaches("receipt")
    (submit,) = person.submitted
    assert submit.receipt in person.reads()
    (promise,) = [line for line in person.screen.lines if line.id == "receipt.next"]
    assert promise.values == {
        "accept": date(2026, 11, 23),
        "verify": date(2026, 11, 26),
        "feedback": date(2026, 11, 30),
    }
    assert "11月23日当天受理，最迟11月26日核查" in person.reads("zh")
    assert "checked by 26 Nov" in person.reads("en")


def test_a_receipt_shown_again_the_next_day_names_the_same_days(person: Person) -> None:
    person.reaches("receipt")
    first = person.reads()
    person.waits(hours=20)
    person.commands("language", "en")
    person.commands("language", "zh")
    assert person.reads() == first


def test_danger_shows_the_numbers_before_anything_else(person: Person) -> None:
    person.reaches("danger").presses("danger:yes")
    emergency, summary = person.shown
    assert emergency.screen == "emergency"
    assert emergency.keep
    assert [line.values["numbers"] for line in emergency.lines] == ["119 · 120 · 110"]
    assert summary.screen == "summary"
    person.presses("submit")
    assert person.submitted[0].report.danger


def test_pictures_may_be_skipped_but_then_words_are_needed(person: Person) -> None:
    person.reaches("media").presses("skip")
    assert person.draft.step == "description"
    assert "skip" not in person.offered
    assert "description.needed" in person.said
    person.types(" ")
    assert person.draft.step == "description"
    person.does(Pressed("skip"))
    assert person.draft.step == "description"


def test_words_may_be_skipped_when_a_picture_speaks(person: Person) -> None:
    person.reaches("media").sends(1)
    assert "skip" not in person.offered
    person.presses("done", "skip", "danger:no", "submit")
    assert person.submitted[0].report.description == ""


def test_thumbnails_are_shown_once_they_are_safe(person: Person) -> None:
    person.reaches("media")
    first, second = person.sends(2)
    assert list(person.screen.media) == []
    assert "media.checking" in person.said
    person.does(MadeSafe(first))
    assert list(person.screen.media) == [first]
    person.does(MadeSafe(second))
    assert list(person.screen.media) == [first, second]
    assert "media.checking" not in person.said


def test_pictures_still_being_prepared_do_not_hold_a_report_up(person: Person) -> None:
    person.reaches("media")
    pictures = person.sends(1)
    person.presses("done", "skip", "danger:no")
    assert "media.pending" in person.said
    person.presses("submit")
    assert person.submitted[0].report.media == pictures


@pytest.mark.parametrize("step", STEPS[1:])
def test_back_goes_to_the_step_before(person: Person, step: str) -> None:
    person.reaches(step).presses("back")
    assert person.draft.step == STEPS[STEPS.index(step) - 1]


def test_back_all_the_way_and_on_again_asks_nothing_twice(person: Person) -> None:
    person.reaches("summary")
    answers = person.draft.answers
    for _ in STEPS[1:]:
        person.presses("back")
    assert person.draft.step == "category"
    assert "back" not in person.offered
    person.presses("fire")
    assert person.draft.step == "summary"
    assert person.draft.answers == answers


def test_back_at_a_place_that_is_known_it_can_be_kept(person: Person) -> None:
    person.reaches("media").presses("back", "keep")
    assert person.draft.step == "media"


@pytest.mark.parametrize("step", EDITED)
def test_editing_and_leaving_it_as_it_is(person: Person, step: str) -> None:
    person.reaches("summary")
    answers = person.draft.answers
    person.presses(f"edit:{step}", "back")
    assert person.draft.step == "summary"
    assert person.draft.answers == answers


@pytest.mark.parametrize(
    ("step", "choices", "answer"),
    [
        ("category", ["mines", "roof"], ("mines", "roof")),
        ("category", ["other"], ("other", None)),
        ("category", ["fire", "open_fire"], ("fire", "open_fire")),
        ("danger", ["danger:yes"], True),
    ],
)
def test_editing_by_buttons(person: Person, step: str, choices: list[str], answer: object) -> None:
    person.reaches("summary").presses(f"edit:{step}", *choices)
    assert person.draft.step == "summary"
    answers = person.draft.answers
    changed = answers.danger if step == "danger" else (answers.category, answers.hazard)
    assert changed == answer


@pytest.mark.parametrize(("step", "field"), [("location", "place"), ("description", "description")])
def test_editing_by_words(person: Person, step: str, field: str) -> None:
    person.reaches("summary").presses(f"edit:{step}")
    person.types("滨江路 8 号")
    assert person.draft.step == "summary"
    assert getattr(person.draft.answers, field) in ("滨江路 8 号", Place(words="滨江路 8 号"))


def test_editing_pictures(person: Person) -> None:
    person.reaches("summary").presses("edit:media")
    pictures = person.sends(3)
    assert person.draft.step == "media"
    person.presses("done")
    assert person.draft.step == "summary"
    assert tuple(one.id for one in person.draft.answers.media) == pictures


def test_a_new_category_needs_its_own_hazard_before_the_summary(person: Person) -> None:
    person.reaches("summary").presses("edit:category", "mines", "back")
    assert person.draft.step == "category"
    person.presses("mines", "roof")
    assert person.draft.step == "summary"


def test_the_only_picture_dropped_then_words_are_asked_for(person: Person) -> None:
    (picture,) = person.reaches("media").sends(1)
    person.presses("done", "skip", "danger:no", "edit:media", "remove", f"drop:{picture}", "back")
    assert person.draft.step == "description"
    person.presses("back")
    assert person.draft.step == "media"
    person.sends(1)
    person.presses("done")
    assert person.draft.step == "summary"


def test_a_double_press_of_submit_reports_once(person: Person) -> None:
    person.reaches("summary")
    press = Pressed("submit", person.screen.serial)
    person.does(press)
    receipt = person.submitted[0].receipt
    person.does(press)
    assert len(person.submitted) == 1
    assert person.screen.receipt == receipt


def test_the_next_report_is_another_one(person: Person) -> None:
    person.reaches("receipt").presses("menu")
    person.reaches("receipt")
    first, second = person.submitted
    assert first.receipt != second.receipt
    assert first.report.reference != second.report.reference
    assert not {first.receipt[-4:], first.report.reference} & {second.report.reference}


def test_limits_on_the_description(person: Person) -> None:
    most = FORM.description_most
    assert most == 2000
    person.reaches("description").types("汉" * (most + 1))
    assert person.draft.step == "description"
    assert "最多 2000 字" in person.reads("zh")
    assert "2,001 characters" in person.reads("en")
    person.types("汉" * most)
    assert person.draft.answers.description == "汉" * most
    assert person.draft.step == "danger"


def test_limits_on_the_address(person: Person) -> None:
    most = FORM.address_most
    assert most == 200
    person.reaches("location").types("路" * (most + 1))
    assert person.draft.step == "location"
    assert "error.too_long" in person.said
    assert person.screen.returned
    person.types("路" * most)
    assert not person.screen.returned
    assert person.draft.step == "media"
    assert person.draft.answers.place == Place(words="路" * most)


@pytest.mark.parametrize("albums", [[9], [10], [4, 5], [9, 1], [8, 3]])
def test_limits_on_pictures(person: Person, albums: list[int]) -> None:
    person.reaches("media")
    for pieces in albums:
        person.sends(pieces)
    assert FORM.media_most == 9
    assert len(person.draft.answers.media) == 9
    assert len([effect for effect in person.effects if isinstance(effect, Fetch)]) == 9
    assert ("media.too_many" in person.said) == (sum(albums) > 9)
    assert "media.full" in person.said


def test_somebodys_own_words_are_shown_as_they_are(person: Person) -> None:
    words = "{danger} {0.__class__} {{}} %s <b>&amp;"
    person.reaches("description").does(Text(words))
    person.presses("danger:no")
    for locale in ("zh", "en"):
        assert words in person.reads(locale)
