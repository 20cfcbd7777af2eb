"""The way to the store: one client, its scripts, and round trips shared by what runs at once.

Many turns run at the same moment; their reads and commits leave together in one pipeline, and the
store puts the commits on disk with one write.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from hashlib import sha1
from math import inf
from pathlib import Path
from typing import Any

from hiredis import pack_command
from redis.asyncio import Connection, ConnectionPool, Redis
from redis.exceptions import NoScriptError, ResponseError

from bot.core.errors import StoreRefused, StoreUnavailable
from bot.store import address

Word = str | bytes | int | float
Command = tuple[Word, ...]

ANSWER_SECONDS = 15
# How long a receipt may wait for the disk before the person is told that it takes longer.
ON_DISK_MS = 10_000
MOST_AT_ONCE = 256
# The codes by which the store speaks of its own condition: MISCONF, NOREPLICAS, BUSY, "ACL failure"
# and others. For many of them, like OOM and READONLY, the client has an error of its own; what is
# wrong with a command has no code (the client drops ERR) or WRONGTYPE.
_CONDITION = re.compile(r"(?!WRONGTYPE )[A-Z]{2,} ")
# What a primary says that has lost its replicas, perhaps because another one leads them now.
_CUT_OFF = "NOREPLICAS"


class Store:
    """The store of this process. Every method raises `StoreUnavailable` when it cannot be asked, of
    which `StoreRefused` is the one that trying again cannot help.
    """

    def __init__(self, client: Redis, pool: ConnectionPool, replicas: int = 0) -> None:
        self.client = client
        self._pool = pool
        self._trips = Shared(pool)
        self._on_disk = OnDisk(pool, replicas)
        self._scripts = scripts()
        self._digests = {name: digest(body) for name, body in self._scripts.items()}

    @classmethod
    def at(cls, url: str, replicas: int = 0) -> Store:
        """The store at an address (see `bot.store.address`); connects when used.

        So many `replicas` must have on disk what is to be on disk, besides the store itself.
        Raises ValueError with a sentence.
        """
        client = address.client(url, socket_timeout=ANSWER_SECONDS)
        # What is shared is timed as a whole; a timer for each answer costs more than the answer.
        return cls(client, address.pool(url, socket_timeout=None), replicas)

    async def read(self, *command: Word) -> Any:
        """One reading command; those of the same moment share a round trip."""
        return await self._trips.call(command)

    async def write(self, *command: Word) -> Any:
        """One writing command; those of the same moment share a round trip."""
        return await self._trips.call(command)

    async def on_disk(self, *command: Word) -> Any:
        """One writing command; it and all before it are on disk once this returns."""
        return await self._on_disk.call(command)

    async def script(
        self, name: str, keys: Sequence[Word], words: Sequence[Word], *, on_disk: bool = False
    ) -> Any:
        """Run ``<name>.lua``, all or nothing; with `on_disk` it is there once this returns.

        When it raises, whether it ran is not known.
        """
        command = ("EVALSHA", self._digests[name], len(keys), *keys, *words)
        trips = self._on_disk if on_disk else self._trips
        for _ in range(2):
            try:
                return await trips.call(command)
            except NoScriptError:
                # To the very server that lacks it, which after a failover may be one of two.
                await trips.call(("SCRIPT", "LOAD", self._scripts[name]))
        raise StoreUnavailable("the store does not keep a script")

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()
        await self._pool.disconnect()


def scripts() -> dict[str, bytes]:
    """The scripts by name, each with what it may call in front of it."""
    bodies = {path.stem: path.read_bytes() for path in Path(__file__).parent.glob("*.lua")}
    further = bodies.pop("further")
    return {name: further + body for name, body in bodies.items()}


def digest(body: bytes) -> str:
    """The name by which the store knows a script."""
    return sha1(body, usedforsecurity=False).hexdigest()


def spelled(commands: Sequence[Command]) -> list[Word]:
    """Commands as the scripts read them: number of words, words."""
    words: list[Word] = []
    for command in commands:
        words.append(len(command))
        words.extend(command)
    return words


class Shared:
    """Collects the commands of one moment and sends them together, over a connection of its own.

    While they are under way the next ones gather; so under load the number of round trips follows
    the store, not the number of turns.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._connection: Connection | None = None
        # With the time until which each waits, by the loop's clock.
        self._waiting: list[tuple[Command, asyncio.Future[Any], float]] = []
        self._running: asyncio.Task[None] | None = None

    def call(self, command: Command) -> asyncio.Future[Any]:
        """The answer to a command, or its error."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((command, answer, loop.time() + ANSWER_SECONDS))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                taken = self._waiting[:MOST_AT_ONCE]
                del self._waiting[:MOST_AT_ONCE]
                await self._trip(taken)
        finally:
            self._running = None

    async def _trip(self, taken: list[tuple[Command, asyncio.Future[Any], float]]) -> None:
        """Whoever waited for the trip before this one has so much less time now: the channel that
        asks does not wait for two.
        """
        answers: list[Any]
        try:
            async with asyncio.timeout_at(taken[0][2]):
                answers = await self._answers([command for command, _, _ in taken])
        except Exception as error:  # whatever it is, nobody may be left waiting for an answer
            answers = [error] * len(taken)
        for (_, waiting, _), answer in zip(taken, answers, strict=True):
            if waiting.done():
                continue
            if isinstance(answer, NoScriptError):
                waiting.set_exception(answer)
            elif isinstance(answer, Exception):
                waiting.set_exception(_unavailable(answer))
            else:
                waiting.set_result(answer)

    async def _answers(self, commands: Sequence[Command]) -> list[Any]:
        """What the store says to each; a lost connection is made again with the next trip."""
        if self._connection is None:
            self._connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        connection = self._connection

        async def again(error: Exception) -> None:
            await connection.disconnect(nowait=True)

        answers: list[Any] = await connection.retry.call_with_retry(
            lambda: _exchange(connection, commands), again
        )
        if any(isinstance(one, Exception) and str(one).startswith(_CUT_OFF) for one in answers):
            await self._let_go()
        return answers

    async def _let_go(self) -> None:
        """The next trip connects anew, and so asks the Sentinels, if there are any, who leads."""
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)


class OnDisk(Shared):
    """Round trips that end when the store, and so many replicas, have all of it on disk."""

    def __init__(self, pool: ConnectionPool, replicas: int) -> None:
        super().__init__(pool)
        self._replicas = replicas

    async def _answers(self, commands: Sequence[Command]) -> list[Any]:
        wait: Command = ("WAITAOF", 1, self._replicas, ON_DISK_MS)
        *answers, kept = await super()._answers([*commands, wait])
        if isinstance(kept, Exception):  # which is about the store, not about what it was told
            await self._let_go()
            raise StoreUnavailable(type(kept).__name__)
        if kept[0] < 1 or kept[1] < self._replicas:
            await self._let_go()
            raise StoreUnavailable("not on disk in time")
        return answers


async def _exchange(connection: Connection, commands: Sequence[Command]) -> list[Any]:
    """An answer or the store's own error for each; any other error ends the connection."""
    if not connection.is_connected:
        # What is sent over a lost connection goes to the same server again, by the library's own
        # doing; only `connect` asks the Sentinels.
        await connection.connect()  # type: ignore[no-untyped-call]
    packed = b"".join([pack_command(one) for one in commands])  # type: ignore[arg-type]
    await connection.send_packed_command(packed, check_health=False)
    return [await _answer(connection) for _ in commands]


async def _answer(connection: Connection) -> Any:
    try:
        return await connection.read_response(timeout=inf)
    except ResponseError as error:
        return error


def _unavailable(error: Exception) -> StoreUnavailable:
    if isinstance(error, StoreUnavailable):
        return error
    if type(error) is ResponseError and _CONDITION.match(str(error)) is None:
        return StoreRefused(type(error).__name__)
    return StoreUnavailable(type(error).__name__)
