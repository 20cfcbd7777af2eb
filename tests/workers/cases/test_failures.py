"""Pauses that are asked for, and the words of a refusal, with their limits."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest

from bot.core.errors import CaseRefused, CaseSystemDown
from workers.cases.failures import PAUSE_MOST_SECONDS, SAID_MOST, failure, pause_of
from workers.cases.wire import Answer


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("nan", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
        ("0", 0),
        ("120", 120),
        (f"{PAUSE_MOST_SECONDS:.0f}", PAUSE_MOST_SECONDS),
        (f"{PAUSE_MOST_SECONDS + 1:.0f}", PAUSE_MOST_SECONDS),
        ("9" * 5000, PAUSE_MOST_SECONDS),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Wed, 21 Oct 2915 07:28:00 GMT", PAUSE_MOST_SECONDS),
    ],
)
def test_a_pause_is_read(header: str, seconds: float | None) -> None:
    assert pause_of(header) == seconds


def test_a_date_is_a_pause_until_then() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(hours=10), usegmt=True)
    pause = pause_of(header)
    assert pause is not None
    assert 9 * 3600 < pause <= 10 * 3600


@pytest.mark.parametrize(
    ("status", "unanswered"),
    [(408, True), (425, False), (500, False), (502, True), (503, False), (504, True)],
)
def test_a_server_in_between_that_gave_up_is_no_answer(status: int, unanswered: bool) -> None:
    error = failure(Answer(status, b""))
    assert isinstance(error, CaseSystemDown)
    assert error.unanswered is unanswered


def refusal(words: object) -> str:
    body = orjson.dumps([{"code": 422, "description": words}])
    error = failure(Answer(422, body))
    assert isinstance(error, CaseRefused)
    return str(error).removeprefix("HTTP 422").removeprefix(": ")


def test_words_are_shortened_past_the_limit() -> None:
    assert refusal("错" * SAID_MOST) == "错" * SAID_MOST
    assert refusal("错" * (SAID_MOST + 1)) == "错" * (SAID_MOST - 1) + "…"


def test_words_are_one_line() -> None:
    assert refusal("lat\r\n is\tmissing ") == "lat is missing"


@pytest.mark.parametrize("words", [None, 7, ["lat"], ""])
def test_what_are_no_words_is_left_out(words: object) -> None:
    assert refusal(words) == ""


def test_secrets_are_left_out_before_words_are_shortened() -> None:
    body = orjson.dumps({"description": "x" * (SAID_MOST - 3) + "sesame"})
    assert "ses" not in str(failure(Answer(422, body), ("sesame", "")))
