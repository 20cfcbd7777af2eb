"""Round trips shared by what runs at once, and a store that goes away."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import patch

import pytest

from bot.core.errors import StoreUnavailable
from bot.store.connection import MOST_AT_ONCE, Store, spelled
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
    assert isinstance(answers[1], StoreUnavailable)


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
        with pytest.raises(StoreUnavailable):
            await store.on_disk("SET", "kept", "1")
    finally:
        await store.client.config_set("appendonly", "yes")


async def test_what_asks_for_the_disk_together_waits_once(store: Store) -> None:
    before = (await store.client.info("commandstats")).get("cmdstat_waitaof", {"calls": 0})
    answers = await asyncio.gather(*(store.on_disk("INCR", "count") for _ in range(100)))
    after = (await store.client.info("commandstats"))["cmdstat_waitaof"]
    assert sorted(answers) == list(range(1, 101))
    assert after["calls"] - before["calls"] <= 3
