"""Answers that come before they are asked for are used."""

import pytest

from bot.core.dialogue import (
    Attached,
    Attachment,
    Discard,
    Fetch,
    MadeSafe,
    Message,
    Refused,
    Unknown,
)
from bot.core.report import Place
from tests.handlers.person import SQUARE, Person

STEPS = ["category", "hazard", "location", "media", "description", "danger", "summary"]
FOUND = (30.6911, 111.2863)


def test_a_picture_at_the_start_is_the_first_picture(person: Person) -> None:
    pictures = person.sends(1, caption="三楼通道堵死了")
    assert person.draft.step == "category"
    assert person.said[:3] == ["note.report_begun", "note.media_added", "note.kept_as_description"]
    person.presses("fire", "blocked_exit")
    person.types("解放路 12 号")
    assert "media.have" in person.said
    person.presses("done", "danger:no", "submit")
    assert person.submitted[0].report.media == pictures
    assert person.submitted[0].report.description == "三楼通道堵死了"


@pytest.mark.parametrize("step", ["menu", *STEPS])
def test_a_position_is_taken_at_any_step(person: Person, step: str) -> None:
    person.reaches(step).locates(SQUARE)
    assert person.draft.answers.place is not None
    assert person.draft.answers.place.position == SQUARE.position
    if step != "location":
        assert "note.location_taken" in person.said
    assert person.draft.step == {"menu": "category", "location": "media"}.get(step, step)


@pytest.mark.parametrize("step", STEPS)
def test_a_picture_is_taken_at_any_step(person: Person, step: str) -> None:
    pictures = person.reaches(step).sends(1)
    assert tuple(one.id for one in person.draft.answers.media) == pictures
    assert person.draft.step == step
    assert ("note.media_added" in person.said) == (step != "media")


def test_of_an_album_that_comes_one_by_one_the_last_note_counts_all(person: Person) -> None:
    person.reaches("category")
    for _ in range(3):
        person.sends(1)
    assert person.screen.lines[0] == Message("note.media_added", count=3)


@pytest.mark.parametrize("step", ["category", "hazard", "media"])
def test_words_at_another_step_are_kept_for_the_description(person: Person, step: str) -> None:
    person.reaches(step).types("楼道里堆满了纸箱")
    assert person.draft.step == step
    assert "note.kept_as_description" in person.said
    assert person.draft.answers.description == "楼道里堆满了纸箱"


def test_more_words_are_added_to_those_before(person: Person) -> None:
    person.reaches("danger").types("三楼也是一样")
    assert person.draft.answers.description.endswith("飞线充电\n三楼也是一样")


def test_words_that_do_not_fit_any_more_leave_those_before(person: Person) -> None:
    person.reaches("category").types("汉" * 1000)
    person.types("字" * 1000)
    assert "error.too_long" in person.said
    assert person.draft.answers.description == "汉" * 1000
    person.types("字" * 999)
    assert person.draft.answers.description == f"{'汉' * 1000}\n{'字' * 999}"


def test_a_caption_that_is_too_long_leaves_the_picture(person: Person) -> None:
    person.reaches("media").sends(1, caption="汉" * 2001)
    assert "error.too_long" in person.said
    assert len(person.draft.answers.media) == 1
    assert person.draft.answers.description == ""


@pytest.mark.parametrize("words", ["没有", "yes", "?"])
def test_a_typed_yes_or_no_is_no_description(person: Person, words: str) -> None:
    person.reaches("danger").types(words)
    assert "help.danger" in person.said
    assert words not in person.draft.answers.description


def test_words_at_the_menu_wait_for_the_report(person: Person) -> None:
    person.types("我们车间粉尘很大")
    assert person.draft.step == "menu"
    assert "note.kept_for_report" in person.said
    person.reaches("location").types("开发区二路 8 号")
    person.presses("skip")
    assert "我们车间粉尘很大" in person.reads()
    person.presses("keep", "danger:no", "submit")
    assert person.submitted[0].report.description == "我们车间粉尘很大"


def test_a_greeting_at_the_menu_is_not_taken_for_what_was_seen(person: Person) -> None:
    person.types("您好，请问有人在吗？")
    person.reaches("media").sends(1)
    person.presses("done")
    assert person.draft.step == "description"
    person.types("窨井盖没了")
    person.presses("danger:no", "submit")
    assert person.submitted[0].report.description == "窨井盖没了"


def test_words_of_one_report_do_not_get_into_the_next(person: Person) -> None:
    person.types("我们车间粉尘很大")
    person.presses("report", "cancel", "cancel:yes", "report")
    assert person.draft.answers.description == ""


@pytest.mark.parametrize("words", ["你好", "在吗", "Hi"])
def test_a_greeting_gets_help(person: Person, words: str) -> None:
    person.types(words)
    assert person.said[0] == "help.menu"
    assert person.draft.answers.description == ""


def test_an_address_stays_beside_the_position(person: Person) -> None:
    person.reaches("media").locates(SQUARE)
    assert person.draft.answers.place == Place(SQUARE.latitude, SQUARE.longitude, "解放路 12 号")


def test_a_second_position_does_not_keep_the_words_of_the_first(person: Person) -> None:
    person.reaches("location").locates(Place(30.1, 111.1, "东门"))
    person.locates(SQUARE)
    assert person.draft.answers.place == SQUARE


@pytest.mark.parametrize(("length", "kept"), [(200, 200), (201, 200)])
def test_the_name_of_a_venue_is_cut_to_the_limit(person: Person, length: int, kept: int) -> None:
    person.reaches("location").locates(Place(30.1, 111.1, "店" * length))
    assert person.draft.answers.place == Place(30.1, 111.1, "店" * kept)


@pytest.mark.parametrize("step", ["menu", *STEPS, "receipt"])
def test_what_no_step_can_use_gets_help_for_this_step(person: Person, step: str) -> None:
    person.reaches(step)
    before = person.draft.answers
    person.does(Unknown())
    assert person.said[0] == f"help.{step}"
    assert (person.draft.step, person.draft.answers) == (step, before)


def test_a_position_found_in_a_picture_is_offered_and_taken(person: Person) -> None:
    picture, *_ = person.sends(1)
    person.does(MadeSafe(picture, FOUND))
    person.reaches("location")
    assert "location.found" in person.said
    person.presses("offered")
    assert person.draft.step == "media"
    assert person.draft.answers.place == Place(*FOUND)
    assert person.draft.answers.offered is None


def test_a_position_found_in_a_picture_may_be_ignored(person: Person) -> None:
    picture, *_ = person.sends(1)
    person.does(MadeSafe(picture, FOUND))
    person.reaches("location")
    person.types("解放路 12 号")
    assert person.draft.answers.place == Place(words="解放路 12 号")
    person.presses("done", "skip", "danger:no")
    assert "location.found" in person.said
    person.presses("submit")
    assert person.submitted[0].report.place.position is None


def test_a_position_found_late_is_offered_in_the_summary(person: Person) -> None:
    person.reaches("media")
    picture, *_ = person.sends(1)
    person.presses("done", "skip", "danger:no")
    person.does(MadeSafe(picture, FOUND))
    person.presses("offered")
    assert person.draft.step == "summary"
    assert person.draft.answers.place == Place(*FOUND, words="解放路 12 号")
    assert "offered" not in person.offered


def test_a_position_in_a_picture_never_overrules_one_that_was_given(person: Person) -> None:
    person.reaches("location").locates(SQUARE)
    picture, *_ = person.sends(1)
    person.does(MadeSafe(picture, FOUND))
    assert person.draft.answers.offered is None


def test_a_dropped_picture_takes_its_position_with_it(person: Person) -> None:
    person.reaches("media")
    picture, *_ = person.sends(1)
    person.does(MadeSafe(picture, FOUND))
    assert person.draft.answers.offered == Place(*FOUND)
    person.presses("remove", f"drop:{picture}")
    assert person.draft.answers.offered is None
    assert person.effects[-1] == Discard((picture,))


def test_what_the_channel_cannot_bring_is_said_once_and_the_rest_is_taken(person: Person) -> None:
    person.reaches("media")
    sent = (
        Attachment("a" * 22, "a", refused="too_large"),
        Attachment("b" * 22, "b"),
        Attachment("c" * 22, "c", refused="too_large"),
    )
    person.does(Attached(sent))
    assert person.said.count("media.refused.too_large") == 1
    assert [effect.attachment.id for effect in person.effects if isinstance(effect, Fetch)] == [
        "b" * 22
    ]


@pytest.mark.parametrize(
    "reason",
    ["too_large", "too_many_pixels", "unsupported", "broken", "too_slow", "no_picture", "gone"],
)
def test_a_refused_picture_is_taken_out_and_the_reason_said(person: Person, reason: str) -> None:
    person.reaches("media")
    good, bad = person.sends(2)
    person.presses("done")
    person.does(Refused(bad, reason))
    assert person.said[0] == f"media.refused.{reason}"
    assert [one.id for one in person.draft.answers.media] == [good]
    assert person.draft.step == "description"


def test_the_only_picture_refused_at_the_summary_then_words_are_asked_for(person: Person) -> None:
    person.reaches("media")
    picture, *_ = person.sends(1)
    person.presses("done", "skip", "danger:no")
    person.does(Refused(picture, "broken"))
    assert person.draft.step == "description"
    person.types("消防栓里没有水带")
    assert person.draft.step == "summary"


def test_a_picture_refused_after_its_report_was_submitted(person: Person) -> None:
    person.reaches("summary")
    picture, *_ = person.sends(1)
    person.presses("submit")
    person.does(Refused(picture, "broken"))
    assert person.said == ["media.left_out"]
    assert person.draft.step == "receipt"


def test_news_of_a_picture_that_was_dropped_says_nothing(person: Person) -> None:
    person.reaches("media")
    picture, *_ = person.sends(1)
    person.presses("remove", f"drop:{picture}")
    assert person.does(Refused(picture, "gone")).prompts == ()
    assert person.does(MadeSafe(picture, FOUND)).prompts == ()
    assert person.draft.answers.offered is None
