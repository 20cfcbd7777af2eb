"""The file: whole transactions or none, durable settings, and a clear word on a strange one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desk.cases import Move, NewCase, get_case, history, move_case, open_case
from desk.database import connect, transact
from desk.errors import CannotStart
from desk.statuses import Status

ZONE = ZoneInfo("Asia/Shanghai")
NEW = NewCase(
    reference="ref-1",
    service_code="fire",
    hazard="",
    area="",
    description="",
    address="解放路 8 号",
    address_id="",
    latitude=None,
    longitude=None,
    major=False,
    media=(),
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "desk" / "desk.db")) as opened:
        yield opened


def test_what_fails_half_way_leaves_nothing(connection: sqlite3.Connection) -> None:
    number = transact(connection, open_case, NEW, 1000, ZONE)
    connection.execute("ALTER TABLE outbox RENAME TO away")
    move = Move(seen=1, status=Status.ACCEPTED, note="", who="")
    with pytest.raises(sqlite3.OperationalError):
        transact(connection, move_case, number, move, 2000, ZONE)
    with pytest.raises(sqlite3.OperationalError):
        transact(connection, open_case, NewCase(**{**vars(NEW), "reference": "2"}), 2000, ZONE)
    connection.execute("ALTER TABLE away RENAME TO outbox")
    assert get_case(connection, number).status is Status.RECEIVED
    assert [change.version for change in history(connection, number)] == [1]
    assert connection.execute("SELECT count(*) FROM cases").fetchone()[0] == 1
    transact(connection, move_case, number, move, 2000, ZONE)
    assert get_case(connection, number).version == 2


def test_what_is_committed_is_on_the_disk(connection: sqlite3.Connection) -> None:
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_others_cannot_read_the_folder(connection: sqlite3.Connection, tmp_path: Path) -> None:
    connection.execute("SELECT 1")
    assert (tmp_path / "desk").stat().st_mode & 0o077 == 0


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with closing(connect(path)) as opened:
        opened.execute("PRAGMA user_version = 2")
    with pytest.raises(CannotStart, match="newer release"):
        connect(path)
