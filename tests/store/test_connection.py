"""Round trips shared by what runs at once, and a store that goes away."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from bot import valkey
from bot.core.errors import StoreRefused, StoreUnavailable
from bot.store.connection import MOST_AT_ONCE, Command, Store, spelled
from bot.store.lifetimes import end_after


async def test_commands_of_one_moment_share_a_round_trip(store: Store) -> None:
    before = (await store.client.info("stats"))["total_reads_processed"]
    count = MOST_AT_ONCE + 10
    await asyncio.gather(*(store.write("SET", f"k{number}", number) for number in range(count)))
    after = (await store.client.info("stats"))["total_reads_processed"]
    assert after - before < count / 10
    values = await asyncio.gather(*(store.read("GET", f"k{number}") for number in range(count)))
    assert values == [str(number).encode() for number in range(count)]


async def test_one_wrong_command_fails_alone(store: Store) -> None:
    await store.write("SET", "word", "x")
    right, wrong = store.write("SET", "a", 1), store.write("INCR", "word")
    answers = await asyncio.gather(right, wrong, return_exceptions=True)
    assert answers[0]
    assert isinstance(answers[1], StoreRefused)


async def commits(store: Store, *work: Command) -> object:
    """A turn's commit, and what comes of it."""
    words = (b"", b"v" * 20, end_after(60), *spelled(work))
    await store.client.delete("key")
    return await store.script("commit", ("key",), words)


@pytest.mark.parametrize(
    "command", [("INCR", "word"), ("SADD", "word", "x"), ("NOSUCH", "word"), ("GET",)]
)
async def test_what_is_wrong_with_a_command_itself_cannot_be_helped_by_trying_again(
    store: Store, command: Command
) -> None:
    await store.write("SET", "word", "x")
    for asked in (store.write(*command), commits(store, command)):
        with pytest.raises(StoreRefused) as refused:
            await asked
        assert not refused.value.retryable
        assert "word" not in str(refused.value)


@contextmanager
def of_its_own(folder: Path) -> Iterator[str]:
    """A store that a test may put into any condition; its address."""
    process = subprocess.Popen(valkey.command(folder))
    try:
        yield valkey.wait_until_ready(process, folder)
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    "condition",
    [
        "CONFIG SET maxmemory 1",
        "CONFIG SET min-replicas-to-write 1",
        "REPLICAOF 127.0.0.1 1",
        "ACL SETUSER default -set",
        "ACL SETUSER default resetkeys ~work",
        "ACL SETUSER default -incr",
    ],
)
async def test_what_is_wrong_with_the_store_may_pass(tmp_path: Path, condition: str) -> None:
    with of_its_own(tmp_path) as url:
        store = Store.at(url)
        await store.client.execute_command(*condition.split())  # type: ignore[no-untyped-call]
        words = (b"", b"v" * 20, end_after(60), *spelled([("INCR", "work")]))
        with pytest.raises(StoreUnavailable) as away:
            await store.script("commit", ("key",), words)
        assert away.value.retryable
        await store.close()


@pytest.mark.parametrize(
    "said",
    [
        "MISCONF Errors writing to the AOF file: No space left on device",
        "BUSY Valkey is busy running a script.",
        "MASTERDOWN Link with MASTER is down",
        "LOADING Valkey is loading the dataset in memory",
        "CLUSTERDOWN Hash slot not served",
    ],
)
async def test_the_store_speaks_of_its_own_condition_in_codes(store: Store, said: str) -> None:
    """Those that cannot be brought about at will, as the client reads them off the wire."""
    script = f"return redis.error_reply('{said}')"
    with pytest.raises(StoreUnavailable) as away:
        await store.write("EVAL", script, 0)
    assert away.value.retryable


async def test_scripts_come_back_after_the_store_forgot_them(store: Store) -> None:
    words = (b"", b"v" * 20, end_after(60), *spelled([("SET", "side", "1")]))
    await store.client.script_flush()
    assert await store.script("commit", ("key",), words) == 1
    assert await store.script("commit", ("key",), words) == 0
    assert await store.read("GET", "side") == b"1"


async def test_nobody_waits_for_a_store_that_is_away(tmp_path: Path) -> None:
    away = Store.at(f"unix://{tmp_path}/nobody.sock")
    answers = await asyncio.gather(
        *(away.read("GET", "x") for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    with pytest.raises(StoreUnavailable):
        await away.script("commit", ("key",), ())
    await away.close()


async def test_nobody_waits_for_the_answers_of_two_trips() -> None:
    """Whoever asks while a trip is under way that is never answered."""

    def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    stalled = Store.at(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    with patch("bot.store.connection.ANSWER_SECONDS", 2):
        first = asyncio.ensure_future(stalled.read("GET", "x"))
        while not writers:
            await asyncio.sleep(0.01)
        second = asyncio.ensure_future(stalled.read("GET", "x"))
        await asyncio.wait({first})
        await asyncio.wait({second}, timeout=1)
    assert isinstance(first.exception(), StoreUnavailable)
    assert second.done()
    assert isinstance(second.exception(), StoreUnavailable)
    await stalled.close()
    server.close()
    for writer in writers:
        writer.close()


@pytest.mark.parametrize("on_disk", [False, True])
async def test_a_primary_that_may_have_lost_its_replicas_to_another_one_is_left(
    tmp_path: Path, on_disk: bool
) -> None:
    """By connecting anew, which is when the Sentinels are asked."""
    with of_its_own(tmp_path) as url:
        store = Store.at(url, replicas=int(on_disk))
        trips = store._on_disk if on_disk else store._trips
        connected = list[int]()
        if not on_disk:
            await store.client.config_set("min-replicas-to-write", 1)
        with patch("bot.store.connection.ON_DISK_MS", 20):
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    await trips.call(("SET", "word", "x"))
                connected.append((await store.client.info("stats"))["total_connections_received"])
        assert connected[1] > connected[0]
        await store.close()


async def test_on_disk_means_that_the_store_said_so(store: Store, valkey_url: str) -> None:
    assert await store.on_disk("SET", "kept", "1") == b"OK"
    wanting = Store.at(valkey_url, replicas=1)
    with patch("bot.store.connection.ON_DISK_MS", 50), pytest.raises(StoreUnavailable):
        await wanting.on_disk("SET", "kept", "2")
    # Whether it was kept is another question: it was.
    assert await wanting.read("GET", "kept") == b"2"
    await wanting.close()


async def test_a_store_without_a_file_has_nothing_on_disk(store: Store) -> None:
    await store.client.config_set("appendonly", "no")
    try:
        with pytest.raises(StoreUnavailable) as away:
            await store.on_disk("SET", "kept", "1")
        assert away.value.retryable
    finally:
        await store.client.config_set("appendonly", "yes")


async def test_what_asks_for_the_disk_together_waits_once(store: Store) -> None:
    before = (await store.client.info("commandstats")).get("cmdstat_waitaof", {"calls": 0})
    answers = await asyncio.gather(*(store.on_disk("INCR", "count") for _ in range(100)))
    after = (await store.client.info("commandstats"))["cmdstat_waitaof"]
    assert sorted(answers) == list(range(1, 101))
    assert after["calls"] - before["calls"] <= 3
