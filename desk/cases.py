"""Cases: opening one, reading one, and moving one on.

A change is the case's new state, its line of history and its message to the gateway, written
together; the caller runs these functions inside one transaction. Nothing here is about a person
who reported: the desk is never told who that was.
"""

import sqlite3
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import orjson

from desk import outbox
from desk.deadlines import next_due
from desk.errors import NoSuchCase, NotAllowed, NoteTooLong, Stale
from desk.statuses import RULES, Status, may_follow

NOTE_LIMIT = 1000  # characters
NUMBER_DIGITS = 18  # what surely fits SQLite's integers


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """What a client asked to open; coordinates are WGS 84 degrees, both or neither."""

    reference: str | None
    service_code: str
    hazard: str
    area: str
    description: str
    address: str
    address_id: str
    latitude: float | None
    longitude: float | None
    major: bool
    media: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Case(NewCase):
    """A case as it stands; times are seconds since 1970, `due_at` is the next deadline."""

    id: int
    status: Status
    version: int
    note: str
    requested_at: int
    updated_at: int
    clock_from: int
    due_at: int | None

    @property
    def words(self) -> str:
        """What was reported, without a last line that only carries the reference.

        Clients write it there for servers that keep no attributes; operators see it elsewhere.
        """
        *lines, last = self.description.split("\n")
        repeated = self.reference is not None and self.reference in last
        return "\n".join(lines).rstrip() if repeated else self.description

    @property
    def closed(self) -> bool:
        return RULES[self.status].closed


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of a case's history; `who` is empty for the desk itself."""

    version: int
    status: Status
    note: str
    who: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Move:
    """What an operator wants: `seen` is the version of the case they were looking at."""

    seen: int
    status: Status
    note: str
    who: str


def open_case(connection: sqlite3.Connection, new: NewCase, now: int, zone: ZoneInfo) -> int:
    """Open a case, or find the one that this reference already has; returns its id."""
    if new.reference is not None and (known := find_by_reference(connection, new.reference)):
        return known.id
    row = connection.execute(
        "INSERT INTO cases (reference, service_code, hazard, area, description, address,"
        " address_id, latitude, longitude, major, media, status, version, requested_at,"
        " updated_at, clock_from, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?) RETURNING id",
        (
            *(new.reference, new.service_code, new.hazard, new.area, new.description),
            *(new.address, new.address_id, new.latitude, new.longitude, new.major),
            *(orjson.dumps(new.media).decode(), Status.RECEIVED, now, now, now),
            next_due(Status.RECEIVED, now, zone),
        ),
    ).fetchone()
    case_id = int(row["id"])
    first = Change(version=1, status=Status.RECEIVED, note="", who="", at=now)
    _record(connection, case_id, new.reference, first)
    return case_id


def move_case(
    connection: sqlite3.Connection, case_id: int, move: Move, now: int, zone: ZoneInfo
) -> None:
    """Move a case on; raises a ChangeRefused. The same button pressed twice moves it once."""
    case = get_case(connection, case_id)
    if len(move.note) > NOTE_LIMIT:
        raise NoteTooLong
    if _is_repeated(case, move):
        return
    if case.version != move.seen:
        raise Stale
    if not may_follow(case.status, move.status):
        raise NotAllowed
    version = case.version + 1
    clock_from = now if move.status is Status.REOPENED else case.clock_from
    connection.execute(
        "UPDATE cases SET status = ?, version = ?, updated_at = ?, clock_from = ?, due_at = ?"
        " WHERE id = ?",
        (move.status, version, now, clock_from, next_due(move.status, clock_from, zone), case_id),
    )
    change = Change(version=version, status=move.status, note=move.note, who=move.who, at=now)
    _record(connection, case_id, case.reference, change)


def _is_repeated(case: Case, move: Move) -> bool:
    return case.version == move.seen + 1 and case.status is move.status and case.note == move.note


def _record(
    connection: sqlite3.Connection, case_id: int, reference: str | None, change: Change
) -> None:
    connection.execute(
        "INSERT INTO history (case_id, version, status, note, who, at) VALUES (?, ?, ?, ?, ?, ?)",
        (case_id, change.version, change.status, change.note, change.who, change.at),
    )
    if reference is not None:  # without one there is nobody who waits for an answer
        update = outbox.Update(
            reference=reference,
            case_id=case_id,
            status=change.status,
            version=change.version,
            note=change.note,
            at=change.at,
        )
        outbox.put(connection, update)


_SELECT = (
    "SELECT cases.*, history.note FROM cases JOIN history"
    " ON history.case_id = cases.id AND history.version = cases.version"
)


def case_number(text: str) -> int | None:
    """The id that a client wrote; None when no case can have it."""
    plain = text.isascii() and text.isdigit() and not text.startswith("0")
    return int(text) if plain and len(text) <= NUMBER_DIGITS else None


def get_case(connection: sqlite3.Connection, case_id: int) -> Case:
    """The case as it stands; raises NoSuchCase."""
    found = select_cases(connection, "WHERE cases.id = ?", (case_id,))
    if not found:
        raise NoSuchCase
    return found[0]


def find_by_reference(connection: sqlite3.Connection, reference: str) -> Case | None:
    found = select_cases(connection, "WHERE cases.reference = ?", (reference,))
    return found[0] if found else None


def select_cases(
    connection: sqlite3.Connection, clause: str, values: tuple[object, ...] | dict[str, object]
) -> list[Case]:
    """Cases by a WHERE clause of this package's own making; values are always bound."""
    rows = connection.execute(f"{_SELECT} {clause}", values).fetchall()
    return [_case(row) for row in rows]


def _case(row: sqlite3.Row) -> Case:
    fields = dict(row)
    return Case(
        **{
            **fields,
            "status": Status(fields["status"]),
            "major": bool(fields["major"]),
            "media": tuple(orjson.loads(fields["media"])),
        }
    )


def history(connection: sqlite3.Connection, case_id: int) -> list[Change]:
    """Every change of a case, oldest first."""
    rows = connection.execute(
        "SELECT version, status, note, who, at FROM history WHERE case_id = ? ORDER BY version",
        (case_id,),
    ).fetchall()
    return [Change(**{**dict(row), "status": Status(row["status"])}) for row in rows]
