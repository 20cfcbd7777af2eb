"""What the case system is told of a report: its own code, words, and the hour."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.core.dialogue import Message
from bot.core.errors import CaseRefused
from config.form import read_form
from tests.fakes.cases import open311_settings, sample
from workers.cases.mapping import coarse, submission

AT = datetime(2026, 11, 23, 12, 59, 59, 999_999, tzinfo=UTC)
CITY = ZoneInfo("Asia/Shanghai")
FORM = read_form(open311_settings("http://cases.example", open311_services="fire=SR-7"))


def say(locale: str, message: Message) -> str:
    inner = [
        f"{name}={say(locale, value)}"
        for name, value in message.values.items()
        if isinstance(value, Message)
    ]
    return f"{locale}:{message.id}" + (f"({', '.join(inner)})" if inner else "")


def test_a_report_becomes_a_submission() -> None:
    report = sample(submitted_at=AT).report
    made = submission(report, FORM, say, ("http://gateway.example/1",), "zh", to_the="hour")
    assert made.report is report
    assert made.service_code == "SR-7"
    assert made.hazard == "zh:hazard.fire.blocked_exit"
    assert made.requested_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert made.media_links == ("http://gateway.example/1",)


def test_a_category_without_hazard_is_named_alone() -> None:
    report = sample(hazard="", category="gas").report
    made = submission(report, FORM, say, (), "en", to_the="hour")
    assert (made.service_code, made.hazard) == ("gas", "en:hazard.gas")


def test_a_category_that_is_gone_is_for_an_operator() -> None:
    with pytest.raises(CaseRefused, match="no category 'volcano'"):
        submission(sample(category="volcano").report, FORM, say, (), "zh", to_the="hour")


def test_to_the_hour_and_to_the_citys_day() -> None:
    moment = datetime(2026, 11, 23, 17, 42, 11, 5, tzinfo=UTC)  # 1:42 of the 24th in the city
    assert coarse(moment, "hour", CITY) == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert coarse(moment, "day", CITY) == datetime(2026, 11, 24, tzinfo=CITY)


@given(some.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), some.integers(0, 3599))
def test_two_moments_of_one_hour_cannot_be_told_apart(hour: datetime, seconds: int) -> None:
    start = hour.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    later = start.replace(minute=seconds // 60, second=seconds % 60)
    assert coarse(later, "hour", CITY) == coarse(start, "hour", CITY)
