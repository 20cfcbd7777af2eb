"""The desk's SQLite file: one connection, on one thread, each piece of work one transaction.

WAL with synchronous FULL: what was answered is on the disk. Pieces of work are plain functions
`work(connection, ...)`, so that everything one of them writes is committed together or not at all.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from desk.errors import CannotStart

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

SCHEMA_VERSION = 1
BUSY_SECONDS = 5.0


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, creating it on first use; raises CannotStart with one sentence."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise CannotStart(f"The desk cannot write its database {path}: {error}.") from None
    try:
        _prepare(connection)
    except (CannotStart, sqlite3.Error) as error:
        connection.close()
        raise CannotStart(f"The desk cannot use its database {path}: {error}.") from None
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    transact(connection, _create)


def _create(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise CannotStart("it was written by a newer release")
    if version == 0:
        for statement in _schema():
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _schema() -> list[str]:
    """The statements one by one: `executescript` would commit between them."""
    text = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    lines = [line.split("--")[0] for line in text.splitlines()]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]


def transact(
    connection: sqlite3.Connection,
    work: Callable[Concatenate[sqlite3.Connection, Arguments], Result],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Result:
    """Do `work` in one transaction; whatever it raises rolls everything back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection, *args, **kwargs)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return result


class Database:
    """The same for coroutines: work is done in turn on a thread that owns the connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-database")

    async def run(
        self,
        work: Callable[Concatenate[sqlite3.Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Like `transact`; a cancelled caller does not undo work that has begun."""
        task = partial(transact, self._connection, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, task)

    def close(self) -> None:
        """Finish what has begun, then close the file."""
        self._thread.shutdown(wait=True)
        self._connection.close()
