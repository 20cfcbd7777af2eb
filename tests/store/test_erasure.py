"""What was erased is gone from the append-only file as well, whatever files that is by now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.core.dialogue import Draft
from bot.core.errors import StoreUnavailable
from bot.store.connection import Command, Store
from bot.store.conversations import Conversations
from bot.store.erasure import ERASED, REWRITTEN, REWRITTEN_SECONDS, erased, rewrite

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


async def settled(store: Store) -> None:
    async with asyncio.timeout(20):
        while True:
            state: dict[str, Any] = await store.client.info("persistence")
            if not any(state[name] for name in RUNNING):
                assert state["aof_last_bgrewrite_status"] == "ok"
                return
            await asyncio.sleep(0.01)


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


async def test_once_for_an_erasure_and_every_ten_minutes(kept: Store) -> None:
    assert await rewrite(kept)
    await settled(kept)
    assert not await rewrite(kept)
    assert 0 < await kept.read("TTL", REWRITTEN) <= REWRITTEN_SECONDS == 600
    for command in erased():
        await kept.write(*command)
    assert await rewrite(kept)
    await settled(kept)
    await kept.write("DEL", REWRITTEN)  # as after ten minutes
    assert await rewrite(kept)
    await settled(kept)


async def test_an_erasure_during_a_rewrite_asks_for_another(kept: Store) -> None:
    before = await kept.read("GET", ERASED) or b"0"
    for command in erased():
        await kept.write(*command)
    await kept.write("SET", REWRITTEN, before)  # what a rewrite writes that began earlier
    assert await rewrite(kept)
    await settled(kept)


async def test_a_rewrite_that_cannot_start_stays_due(kept: Store) -> None:
    await kept.client.bgrewriteaof()
    refused = False
    try:
        await rewrite(kept)
    except StoreUnavailable:
        refused = True
    due = await kept.read("GET", REWRITTEN) is None
    assert refused == due
    await settled(kept)
    assert await rewrite(kept) == due
    await settled(kept)
