"""The filters of GET requests, as the standard has them, and `reference` besides.

Naming cases (by number or by reference) overrides every other filter: whoever asks for a case gets
it however old it is. Otherwise a search spans at most 90 days, the last 90 unless told.
"""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
from multidict import MultiMapping

from desk.cases import Case, case_number, select_cases
from desk.open311.answers import Refusal
from desk.statuses import CLOSED, Status

SPAN = timedelta(days=90)
MOST = 1000  # cases in one answer, and numbers in one question
_STATES = {"open": frozenset(Status) - CLOSED, "closed": CLOSED}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A search as clauses joined by AND, with their values."""

    clauses: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def among(self, column: str, allowed: Collection[object]) -> None:
        self.clauses.append(
            f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - columns are constants
        )
        self.values.append(orjson.dumps(list(allowed)).decode())


def read_filter(
    query: MultiMapping[str], services: Collection[str], now: datetime, zone: ZoneInfo
) -> Filter:
    """What a client asked for; raises Refusal."""
    wanted = Filter()
    numbers = _list(query, "service_request_id")
    reference = query.get("reference", "").strip()
    if len(numbers) > MOST:
        raise Refusal(400, f"service_request_id names more than {MOST} requests.")
    if numbers:
        wanted.among("cases.id", [case_number(number) for number in numbers])
    if reference:
        wanted.among("cases.reference", [reference])
    if not wanted.clauses:
        _read_search(wanted, query, services)
        _read_span(wanted, query, now, zone)
    return wanted


def find(connection: sqlite3.Connection, wanted: Filter) -> list[Case]:
    """At most `MOST` cases, newest first."""
    clause = f"WHERE {' AND '.join(wanted.clauses)} ORDER BY requested_at DESC, id DESC LIMIT ?"
    return select_cases(connection, clause, (*wanted.values, MOST))


def _read_search(wanted: Filter, query: MultiMapping[str], services: Collection[str]) -> None:
    codes, states = _list(query, "service_code"), _list(query, "status")
    if not set(codes) <= set(services):
        raise Refusal(404, "service_code was not found; GET services lists them.")
    if not set(states) <= set(_STATES):
        raise Refusal(400, "status must be open or closed.")
    if codes:
        wanted.among("service_code", codes)
    if states:
        wanted.among("cases.status", [status for state in states for status in _STATES[state]])


def _read_span(wanted: Filter, query: MultiMapping[str], now: datetime, zone: ZoneInfo) -> None:
    start, end = _date(query, "start_date", zone), _date(query, "end_date", zone)
    if end is None:
        end = start + SPAN if start else now
    if start is None:
        start = end - SPAN
    if start > end:
        raise Refusal(400, "start_date must not be after end_date.")
    if end - start > SPAN:
        raise Refusal(400, f"start_date and end_date must not span more than {SPAN.days} days.")
    wanted.clauses.append("requested_at BETWEEN ? AND ?")
    wanted.values.extend((start.timestamp(), end.timestamp()))


def _list(query: MultiMapping[str], name: str) -> list[str]:
    """Values separated by commas, given once or several times."""
    given = ",".join(query.getall(name, [])).split(",")
    return [value.strip() for value in given if value.strip()]


def _date(query: MultiMapping[str], name: str, zone: ZoneInfo) -> datetime | None:
    """A W3C date and time; one without an offset is local."""
    value = query.get(name, "").strip()
    if not value:
        return None
    try:
        # A plus sign that a client forgot to encode arrives as a space.
        when = datetime.fromisoformat(value.replace(" ", "+"))
        when = when if when.tzinfo else when.replace(tzinfo=zone)
        when.timestamp()
        when - SPAN, when + SPAN
    except (ValueError, OverflowError):
        raise Refusal(
            400, f"{name} must be a date and time such as 2026-11-23T08:00:00Z."
        ) from None
    return when
