"""What was erased is gone from the append-only file as well, whatever files that is by now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.core.dialogue import Draft
from bot.store.connection import Command, Store
from bot.store.conversations import Conversations
from bot.store.erasure import REWRITING, REWRITTEN, REWRITTEN_SECONDS, erased, rewrite

CANARY = b"a sealed way back to somebody"
RUNNING = ("aof_rewrite_in_progress", "aof_rewrite_scheduled")


async def on_disk(store: Store) -> bytes:
    where = await store.client.config_get("dir")
    folder = Path(str(where["dir"])) / "appendonlydir"
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def journal(store: Store) -> bytes:
    """What was appended since the file was last written anew, in its order."""
    where = await store.client.config_get("dir")
    folder = Path(str(where["dir"])) / "appendonlydir"
    return b"".join(path.read_bytes() for path in folder.glob("*.incr.aof"))


async def ended(store: Store) -> str:
    """Wait for what runs; how it ended."""
    async with asyncio.timeout(20):
        while True:
            state: dict[str, Any] = await store.client.info("persistence")
            if not any(state[name] for name in RUNNING):
                return str(state["aof_last_bgrewrite_status"])
            await asyncio.sleep(0.01)


async def settled(store: Store) -> None:
    assert await ended(store) == "ok"


@pytest.fixture
async def kept(store: Store) -> Store:
    """A store whose file is fresh and holds the canary."""
    await settled(store)
    await store.write("SET", "vault:x", CANARY)
    return store


async def test_what_was_deleted_stands_in_the_file_until_it_is_rewritten(kept: Store) -> None:
    await kept.write("DEL", "vault:x")
    assert CANARY in await on_disk(kept)
    for command in erased():
        await kept.write(*command)
    assert await rewrite(kept)
    await settled(kept)
    assert CANARY not in await on_disk(kept)


async def test_the_order_in_which_things_came_is_gone_as_well(kept: Store) -> None:
    """Who sent one report sent the other: the file says so until it is written anew."""
    conversations = Conversations(kept, bytes(32))
    conversation = await conversations.load("telegram", "4711")
    for report in ("one", "two"):
        work: list[Command] = [("SET", f"report:{report}", "words")]
        assert await conversations.commit(conversation, Draft("zh", "menu"), report, work)
    name = conversation.key.encode()
    transactions = (await journal(kept)).split(b"$5\r\nMULTI")
    together = [one for one in transactions if name in one and b"report:" in one]
    assert len(together) == 2
    assert await rewrite(kept)
    await settled(kept)
    assert name not in await journal(kept)
    assert name in await on_disk(kept)


async def over(store: Store) -> None:
    """Until the rewrite that was begun is known to have ended."""
    await settled(store)
    assert not await rewrite(store)
    assert await store.read("EXISTS", REWRITING) == 0


async def test_once_for_an_erasure_and_every_ten_minutes(kept: Store) -> None:
    assert await rewrite(kept)
    await over(kept)
    assert not await rewrite(kept)
    assert 0 < await kept.read("TTL", REWRITTEN) <= REWRITTEN_SECONDS == 600
    for command in erased():
        await kept.write(*command)
    assert await rewrite(kept)
    await over(kept)
    await kept.write("DEL", REWRITTEN)  # as after ten minutes
    assert await rewrite(kept)
    await over(kept)


async def test_an_erasure_during_a_rewrite_asks_for_another(kept: Store) -> None:
    assert await rewrite(kept)
    for command in erased():
        await kept.write(*command)
    await settled(kept)
    assert await rewrite(kept)
    await over(kept)


async def test_while_another_rewrite_runs_it_stays_due(kept: Store) -> None:
    await kept.client.bgrewriteaof()
    began = await rewrite(kept)
    state: dict[str, Any] = await kept.client.info("persistence")
    assert began or any(state[name] for name in RUNNING) or not await kept.read("GET", REWRITTEN)
    await settled(kept)
    assert await rewrite(kept) == (not began)
    await over(kept)


async def test_a_rewrite_that_failed_is_begun_again(kept: Store) -> None:
    """Its process dies: the old file stays, and so does what is due."""
    assert await rewrite(kept)
    await over(kept)
    for command in erased():
        await kept.write(*command)
    await kept.client.config_set("rdb-key-save-delay", 1_000_000)  # long enough to be met at it
    assert await rewrite(kept)
    server: dict[str, Any] = await kept.client.info("server")
    for writer in psutil.Process(int(server["process_id"])).children():
        writer.kill()
    await kept.client.config_set("rdb-key-save-delay", 0)
    assert await ended(kept) == "err"
    assert await rewrite(kept)
    assert await kept.read("GET", REWRITTEN) == b"0"
    await over(kept)
    assert await kept.read("GET", REWRITTEN) == b"1"
