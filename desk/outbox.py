"""The messages that the gateway must get: rows written by the change they tell of.

What is due is the oldest message of each case that has not been taken, so that a case's changes
arrive in their order. A row stays after delivery: it tells the operator that the reporter's
gateway knows. Times of trying are by the sender's own clock, and mean nothing after a restart.
"""

import sqlite3
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson


@dataclass(frozen=True, kw_only=True)
class Update:
    """One change of a case, as the gateway is told."""

    reference: str
    case_id: int
    status: str
    version: int
    note: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message on its way; `attempts` counts the tries before this one."""

    case_id: int
    version: int
    webhook_id: str
    body: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How far a message is: `delivered_at` is None until the gateway took it."""

    version: int
    attempts: int
    problem: str
    delivered_at: int | None


def put(connection: sqlite3.Connection, update: Update) -> None:
    """Write the message for a change; part of the change's own transaction."""
    connection.execute(
        "INSERT INTO outbox (case_id, version, webhook_id, body) VALUES (?, ?, ?, ?)",
        (update.case_id, update.version, f"msg_{uuid.uuid4().hex}", _body(update)),
    )


def _body(update: Update) -> str:
    when = datetime.fromtimestamp(update.at, UTC)
    document = {
        "type": "case.updated",
        "timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": {
            "reference": update.reference,
            "case_id": str(update.case_id),
            "status": update.status,
            "version": update.version,
            "note": update.note,
        },
    }
    return orjson.dumps(document).decode()


_HEADS = (
    "FROM outbox AS head WHERE delivered_at IS NULL AND NOT EXISTS (SELECT 1 FROM outbox AS older"
    " WHERE older.case_id = head.case_id AND older.version < head.version"
    " AND older.delivered_at IS NULL)"
)


def due(
    connection: sqlite3.Connection, now: float, limit: int, busy: Collection[int]
) -> list[Message]:
    """At most `limit` messages to send now, none of a case in `busy`."""
    rows = connection.execute(
        f"SELECT case_id, version, webhook_id, body, attempts {_HEADS}"  # noqa: S608 - constants
        " AND next_try <= ? AND case_id NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY next_try LIMIT ?",
        (now, orjson.dumps(list(busy)).decode(), limit),
    ).fetchall()
    return [Message(**dict(row)) for row in rows]


def next_try(connection: sqlite3.Connection, busy: Collection[int]) -> float | None:
    """When the next message becomes due; None when none waits."""
    row = connection.execute(
        f"SELECT min(next_try) AS soonest {_HEADS}"  # noqa: S608 - constants
        " AND case_id NOT IN (SELECT value FROM json_each(?))",
        (orjson.dumps(list(busy)).decode(),),
    ).fetchone()
    return None if row["soonest"] is None else float(row["soonest"])


def delivered(connection: sqlite3.Connection, message: Message, now: int) -> None:
    connection.execute(
        "UPDATE outbox SET delivered_at = ?, attempts = attempts + 1, problem = ''"
        " WHERE case_id = ? AND version = ?",
        (now, message.case_id, message.version),
    )


def failed(connection: sqlite3.Connection, message: Message, problem: str, again: float) -> None:
    """Keep the message for a try at `again`, with what went wrong in a few words."""
    connection.execute(
        "UPDATE outbox SET next_try = ?, attempts = attempts + 1, problem = ?"
        " WHERE case_id = ? AND version = ?",
        (again, problem, message.case_id, message.version),
    )


def try_all_now(connection: sqlite3.Connection) -> None:
    """At a start nothing waits for an old delay: the gateway often starts together with us."""
    connection.execute("UPDATE outbox SET next_try = 0 WHERE delivered_at IS NULL")


def deliveries(connection: sqlite3.Connection, case_id: int) -> dict[int, Delivery]:
    """How far each message of a case is, by version."""
    rows = connection.execute(
        "SELECT version, attempts, problem, delivered_at FROM outbox WHERE case_id = ?",
        (case_id,),
    ).fetchall()
    return {row["version"]: Delivery(**dict(row)) for row in rows}
