"""The clock that the campaign promises, by the days of the city."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.status import SILENT, STATUSES, deadlines

CITY = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("submitted", "day"),
    [
        (datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 0, 0, tzinfo=CITY), date(2026, 11, 24)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 23, 0, tzinfo=CITY), date(2028, 2, 28)),
        (datetime(2026, 11, 23, 23, 0, tzinfo=timezone(timedelta(hours=-9))), date(2026, 11, 24)),
    ],
)
def test_the_day_is_that_of_the_city(submitted: datetime, day: date) -> None:
    assert deadlines(submitted, CITY).accept == day


def test_three_days_and_seven_over_the_end_of_a_february() -> None:
    until = deadlines(datetime(2028, 2, 26, 12, tzinfo=CITY), CITY)
    assert (until.verify, until.feedback) == (date(2028, 2, 29), date(2028, 3, 4))


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.timezones()))
def test_the_same_day_then_three_then_seven(submitted: datetime) -> None:
    until = deadlines(submitted, CITY)
    assert until.accept == submitted.astimezone(CITY).date()
    assert until.verify - until.accept == timedelta(days=3)
    assert until.feedback - until.accept == timedelta(days=7)


def test_only_what_the_receipt_said_already_is_silent() -> None:
    assert set(STATUSES) >= SILENT == {"received"}
    assert len(set(STATUSES)) == len(STATUSES) == 15
