"""The statuses of a case, and the clock that the campaign promises.

受理 the same day, 核查 within three days, 反馈 within seven.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct

STATUSES = (
    "received",
    "accepted",
    "transferred",
    "verifying",
    "verified",
    "not_confirmed",
    "rectifying",
    "rectified",
    "closed",
    "rejected",
    "reopened",
    "reward_proposed",
    "reward_approved",
    "reward_paid",
    "reward_declined",
)

# The case is over: nothing more is to come, unless it is reopened.
OVER = frozenset({"closed", "rejected", "not_confirmed", "reward_paid", "reward_declined"})

# Opening a case says nothing that the receipt has not said already.
SILENT = frozenset({"received"})


class Deadlines(Struct, frozen=True):
    """The last day of each promise, in the city's own time zone."""

    accept: date
    verify: date
    feedback: date


def deadlines(submitted_at: datetime, timezone: tzinfo) -> Deadlines:
    """The promises for a report submitted at that moment (aware datetime)."""
    day = submitted_at.astimezone(timezone).date()
    return Deadlines(day, day + timedelta(days=3), day + timedelta(days=7))
