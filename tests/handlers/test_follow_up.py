"""*My reports*, receipts typed right and wrong, promises kept and missed."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.dialogue import Message, Opened, Pressed
from bot.core.report import Place
from tests.handlers.person import MORNING, Person


@pytest.fixture
def receipt(person: Person) -> str:
    person.reaches("receipt")
    return person.submitted[0].receipt


def promises(person: Person) -> list[str]:
    return [name.removeprefix("promise.") for name in person.said if name.startswith("promise.")]


@pytest.mark.parametrize(
    "write", [str, str.lower, lambda code: code.replace("-", " "), lambda code: f"回执：{code}"]
)
def test_a_typed_receipt_shows_its_report(person: Person, receipt: str, write: object) -> None:
    assert callable(write)
    person.types(write(receipt))
    assert person.said[0] == "status.title"
    assert f"回执尾号 {receipt[-4:]}：已提交，等待受理" in person.reads()


@pytest.mark.parametrize(("seconds", "lines"), [(0, 0), (60, 1)])
def test_that_it_was_received_at_once_is_not_said_besides(
    person: Person, receipt: str, seconds: int, lines: int
) -> None:
    sent = person.reports[receipt].submitted_at
    person.hears(receipt, ("received", sent + timedelta(seconds=seconds)))
    person.types(receipt)
    assert person.said.count("status.step") == lines
    assert f"回执尾号 {receipt[-4:]}：已收到" in person.reads()


def test_a_receipt_with_a_wrong_letter_is_noticed(person: Person, receipt: str) -> None:
    wrong = receipt[:-1] + ("2" if receipt[-1] != "2" else "3")
    person.types(wrong)
    assert person.said == ["status.mistyped"]


def test_a_receipt_nobody_knows(person: Person) -> None:
    person.commands("status", "0000-0000-0000-0000-0000")
    assert person.said == ["status.unknown"]
    person.commands("status", "nonsense")
    assert person.said == ["status.unknown"]


def test_a_receipt_may_be_asked_for_in_the_middle_of_a_report(person: Person, receipt: str) -> None:
    person.presses("menu")
    person.reaches("media").types(receipt)
    assert person.said[0] == "status.title"
    person.presses("go_on")
    assert person.screen.screen == "media"
    assert person.draft.answers.description == ""


def test_a_receipt_alone_is_looked_up_at_every_step(person: Person, receipt: str) -> None:
    person.presses("menu")
    person.reaches("description").types(receipt)
    assert person.said[0] == "status.title"
    assert person.draft.answers.description == ""


def test_of_a_receipt_among_words_only_the_end_goes_into_a_report(
    person: Person, receipt: str
) -> None:
    """Whoever handles the second report could silence the first one, or claim its reward."""
    person.presses("menu")
    person.reaches("description").types(f"和上次 {receipt} 是同一处，还没有改")
    assert person.draft.answers.description == f"和上次 …{receipt[-4:]} 是同一处，还没有改"


def test_a_receipt_among_words_elsewhere_is_looked_up_and_kept_nowhere(
    person: Person, receipt: str
) -> None:
    words = f"我的回执是 {receipt.replace('-', ' ')} 现在怎么样了"
    person.presses("menu")
    person.types(words)
    assert person.said[0] == "status.title"
    person.presses("menu")
    person.reaches("location").types(words)
    assert person.said[0] == "status.title"
    assert person.draft.answers.place is None
    assert receipt[:4] not in str(person.draft.answers)


def test_whoever_opens_the_page_again_is_not_shown_the_receipt_that_it_has(
    person: Person, receipt: str
) -> None:
    assert person.draft.step == "receipt"
    person.does(Opened(), ())
    assert person.screen.receipt == receipt  # a page that never heard of it
    person.does(Opened(), (receipt,))
    assert person.screen.screen == "menu"
    assert person.screen.receipt is None


def test_an_address_that_looks_like_a_receipt_is_an_address(person: Person) -> None:
    address = "Road 12 Gate 7 Tower 34B"
    person.reaches("location").types(address)
    assert person.draft.answers.place == Place(words=address)


def test_an_old_status_button_always_works(person: Person, receipt: str) -> None:
    old = Pressed(f"status:{receipt}", person.screen.serial)
    person.presses("menu")
    person.reaches("danger").does(old)
    assert person.said[0] == "status.title"
    assert person.draft.step == "danger"


def test_every_step_is_listed_with_its_moment(person: Person, receipt: str) -> None:
    person.hears(
        receipt,
        ("accepted", MORNING + timedelta(hours=1)),
        ("verified", datetime(2026, 11, 25, 16, 30, tzinfo=UTC)),
    )
    person.presses(f"status:{receipt}")
    assert "11月23日 09:30　提交" in person.reads("zh")
    assert "11月23日 10:30　已受理" in person.reads("zh")
    assert "26 Nov, 00:30: confirmed" in person.reads("en")


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        (0, ["accept.due", "verify.due", "feedback.due"]),
        (1, ["accept.missed", "verify.due", "feedback.due", "sorry"]),
        (3, ["accept.missed", "verify.due", "feedback.due", "sorry"]),
        (4, ["accept.missed", "verify.missed", "feedback.due", "sorry"]),
        (7, ["accept.missed", "verify.missed", "feedback.due", "sorry"]),
        (8, ["accept.missed", "verify.missed", "feedback.missed", "sorry"]),
    ],
)
def test_nobody_does_anything(person: Person, receipt: str, days: int, shown: list[str]) -> None:
    person.waits(days=days)
    person.presses(f"status:{receipt}")
    assert promises(person) == shown


@pytest.mark.parametrize(
    ("status", "days", "shown"),
    [
        ("accepted", 0, ["accept.kept", "verify.due", "feedback.due"]),
        ("transferred", 0, ["accept.kept", "verify.due", "feedback.due"]),
        ("accepted", 1, ["accept.late", "verify.due", "feedback.due"]),
        ("verified", 0, ["accept.kept", "verify.kept", "feedback.due"]),
        ("verified", 3, ["accept.late", "verify.kept", "feedback.due"]),
        ("verified", 4, ["accept.late", "verify.late", "feedback.due"]),
        ("rectifying", 7, ["accept.late", "verify.late", "feedback.kept"]),
        ("rejected", 0, ["accept.kept", "verify.kept", "feedback.kept"]),
        ("closed", 8, ["accept.late", "verify.late", "feedback.late"]),
        ("received", 0, ["accept.due", "verify.due", "feedback.due"]),
    ],
)
def test_one_status_after_so_many_days(
    person: Person, receipt: str, status: str, days: int, shown: list[str]
) -> None:
    person.waits(days=days)
    person.hears(receipt, (status, person.now))
    person.presses(f"status:{receipt}")
    assert promises(person) == shown


def test_a_promise_is_kept_by_the_first_that_keeps_it(person: Person, receipt: str) -> None:
    person.hears(receipt, ("accepted", MORNING), ("transferred", MORNING + timedelta(days=2)))
    person.presses(f"status:{receipt}")
    assert promises(person)[0] == "accept.kept"


def test_the_day_ends_at_midnight_of_the_city(person: Person, receipt: str) -> None:
    one_minute_to = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)
    person.now = one_minute_to
    person.presses(f"status:{receipt}")
    assert promises(person)[0] == "accept.due"
    person.waits(minutes=1)
    person.presses(f"status:{receipt}")
    assert promises(person)[0] == "accept.missed"


def test_the_day_of_a_step_is_that_of_the_city(person: Person, receipt: str) -> None:
    person.hears(receipt, ("accepted", datetime(2026, 11, 23, 16, 0, tzinfo=UTC)))
    person.presses(f"status:{receipt}")
    assert promises(person)[0] == "accept.late"


def test_my_reports_are_those_that_the_browser_holds(person: Person, receipt: str) -> None:
    person.presses("menu")
    person.does(Pressed("reports"), (receipt, "0000-0000-0000-0000-0000"))
    assert person.said == ["reports.title", "reports.line"]
    assert f"尾号 {receipt[-4:]}" in person.reads()
    person.presses(f"status:{receipt}")
    assert person.said[0] == "status.title"


def test_without_receipts_the_channel_says_where_they_are(person: Person) -> None:
    person.presses("reports")
    assert person.said == ["reports.none", "reports.type_receipt"]
    person.hint = Message("reports.hint.telegram")
    person.presses("menu", "reports")
    assert person.said == ["reports.none", "reports.hint.telegram"]
