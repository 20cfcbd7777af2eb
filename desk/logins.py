"""Who may use the operators' page: one-time links, and the sessions they open.

Only hashes are stored: whoever reads the database can neither use a link nor take over a session.
"""

import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass

TOKEN_BYTES = 16
LINK_SECONDS = 30 * 60
SESSION_SECONDS = 12 * 60 * 60
NAME_LIMIT = 40  # characters


@dataclass(frozen=True)
class Session:
    """An operator at work; `csrf` must come back with every form."""

    name: str
    csrf: str


def new_link(connection: sqlite3.Connection, name: str, now: int) -> str:
    """A token that opens one session within half an hour; `name` may be empty."""
    return _issue(connection, "login_links", name, now + LINK_SECONDS)


def use_link(connection: sqlite3.Connection, token: str, now: int) -> str | None:
    """Spend a link; returns the token of the session that it opened, None if it is no good."""
    for table in ("login_links", "sessions"):
        connection.execute(f"DELETE FROM {table} WHERE expires_at <= ?", (now,))  # noqa: S608
    row = connection.execute(
        "DELETE FROM login_links WHERE token_hash = ? RETURNING name", (_hash(token),)
    ).fetchone()
    if row is None:
        return None
    return _issue(connection, "sessions", row["name"], now + SESSION_SECONDS)


def find_session(connection: sqlite3.Connection, token: str, now: int) -> Session | None:
    row = connection.execute(
        "SELECT name FROM sessions WHERE token_hash = ? AND expires_at > ?", (_hash(token), now)
    ).fetchone()
    return None if row is None else Session(row["name"], _csrf(token))


def end_session(connection: sqlite3.Connection, token: str) -> None:
    connection.execute("DELETE FROM sessions WHERE token_hash = ?", (_hash(token),))


def is_csrf(session: Session, given: str) -> bool:
    return hmac.compare_digest(session.csrf.encode(), given.encode())


def _issue(connection: sqlite3.Connection, table: str, name: str, expires_at: int) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        f"INSERT INTO {table} (token_hash, name, expires_at) VALUES (?, ?, ?)",  # noqa: S608
        (_hash(token), name, expires_at),
    )
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _csrf(token: str) -> str:
    """Derived from the session's token, so that there is nothing more to store."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()
