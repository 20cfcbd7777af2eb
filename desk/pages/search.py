"""What operators look for: by progress or status, kind, danger and words; what is urgent and
not taken up first, then newest first.
"""

import sqlite3
from dataclasses import dataclass

from desk.cases import Case, select_cases
from desk.statuses import CLOSED, Status

PAGE_SIZE = 25
TEXT_LIMIT = 100  # characters

OPEN, DONE, OVERDUE = "open", "done", "overdue"

_CLOSED = ", ".join(f"'{status}'" for status in sorted(CLOSED))
_PROGRESS = {
    OPEN: f"cases.status NOT IN ({_CLOSED})",
    DONE: f"cases.status IN ({_CLOSED})",
    OVERDUE: "cases.due_at < :now",
}
# Somebody is in danger, and nobody has taken it up yet.
_URGENT = f"cases.major AND cases.status = '{Status.RECEIVED}'"
_TEXT = (
    "cases.description || ' ' || cases.address || ' ' || cases.hazard || ' ' || cases.area"
    " || ' ' || coalesce(cases.reference, '') || ' #' || cases.id"
)


@dataclass(frozen=True, kw_only=True)
class Search:
    """A filter; empty values leave their field open. `status` may be a kind of progress."""

    status: str = ""
    service: str = ""
    major: bool = False
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a search; `first` counts from 1 and is 0 when nothing matched."""

    cases: list[Case]
    number: int
    pages: int
    count: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1 if self.count else 0

    @property
    def last(self) -> int:
        return min(self.number * PAGE_SIZE, self.count)


@dataclass(frozen=True)
class Tally:
    """How much is waiting; `newest` is the id of the case that came last, 0 before any came."""

    open: int
    overdue: int
    newest: int


@dataclass(frozen=True)
class Arrived:
    """How many cases have come in, and in how many of them somebody is in danger."""

    count: int
    major: int


def find_page(connection: sqlite3.Connection, search: Search, number: int, now: int) -> Page:
    """The page asked for, or the nearest there is."""
    clause, values = _where(search, now)
    count = _count(connection, clause, values)
    pages = max(1, -(-count // PAGE_SIZE))
    number = min(max(number, 1), pages)
    window = {"limit": PAGE_SIZE, "offset": (number - 1) * PAGE_SIZE}
    cases = select_cases(
        connection,
        f"WHERE {clause} ORDER BY {_URGENT} DESC, requested_at DESC, id DESC"
        " LIMIT :limit OFFSET :offset",
        values | window,
    )
    return Page(cases=cases, number=number, pages=pages, count=count)


def tally(connection: sqlite3.Connection, now: int) -> Tally:
    still_open, overdue = (
        _count(connection, _PROGRESS[kind], {"now": now}) for kind in (OPEN, OVERDUE)
    )
    newest = connection.execute("SELECT max(id) FROM cases").fetchone()[0]
    return Tally(still_open, overdue, newest or 0)


def arrived(connection: sqlite3.Connection, after: int) -> Arrived:
    """What came in after the case of that id."""
    query = "SELECT count(*), count(*) FILTER (WHERE major) FROM cases WHERE id > ?"
    return Arrived(*connection.execute(query, (after,)).fetchone())


def _count(connection: sqlite3.Connection, clause: str, values: dict[str, object]) -> int:
    row = connection.execute(
        f"SELECT count(*) FROM cases WHERE {clause}",  # noqa: S608 - clauses are constants
        values,
    ).fetchone()
    return int(row[0])


def _where(search: Search, now: int) -> tuple[str, dict[str, object]]:
    clauses, values = ["TRUE"], dict[str, object](now=now)
    if search.status in _PROGRESS:
        clauses.append(_PROGRESS[search.status])
    elif search.status in set(Status):
        clauses.append("cases.status = :status")
        values["status"] = search.status
    if search.service:
        clauses.append("cases.service_code = :service")
        values["service"] = search.service
    if search.major:
        clauses.append("cases.major")
    for index, word in enumerate(search.text.split()):
        clauses.append(f"instr(lower({_TEXT}), :word{index}) > 0")
        values[f"word{index}"] = word.lower()
    return " AND ".join(clauses), values
