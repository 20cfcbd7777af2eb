"""Pictures stand as long as what they belong to, and this costs no write in every turn."""

from __future__ import annotations

from bot.core.dialogue import Draft
from bot.core.report import Answers, Media
from bot.store.expiry import EXPIRY, UNFINISHED_SECONDS, copies, stand_with

HOUR = 3600


def draft(touched: int) -> Draft:
    return Draft(locale="zh", touched=touched, answers=Answers(media=(Media("M" * 22),)))


def test_pictures_begin_anew_once_in_an_hour() -> None:
    last, first = 10 * HOUR - 1, 10 * HOUR
    assert stand_with(draft(last), draft(first)) == [
        ("ZADD", EXPIRY, first + UNFINISHED_SECONDS, name) for name in copies("M" * 22)
    ]
    assert stand_with(draft(first), draft(first + HOUR - 1)) == []


def test_what_has_no_pictures_writes_nothing() -> None:
    assert stand_with(Draft(locale="zh"), Draft(locale="zh", touched=HOUR)) == []
    assert stand_with(None, draft(HOUR)) == []
