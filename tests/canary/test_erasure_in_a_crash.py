"""What was erased leaves the store's file even if all dies while that file is written anew."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from bot import valkey
from bot.store.connection import Store
from bot.store.erasure import erased, rewrite

CANARY = b"a sealed way back to somebody"


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A store on that folder, by its address; it is killed at the end."""
    process = subprocess.Popen(valkey.command(folder))
    family = psutil.Process(process.pid)
    try:
        yield valkey.wait_until_ready(process, folder), family
    finally:
        for one in (*family.children(), family):
            one.kill()
        process.wait()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """The way to it."""
    store = Store.at(url)
    yield store
    await store.close()


async def settled(store: Store) -> None:
    """Ask for what is due, as the sweep does, until nothing is."""
    async with asyncio.timeout(20):
        while await rewrite(store) or await store.read("EXISTS", "rewriting"):
            await asyncio.sleep(0.05)


def file(folder: Path) -> bytes:
    """The append-only file."""
    return b"".join(path.read_bytes() for path in folder.rglob("*.aof"))


async def test_a_rewrite_that_died_with_the_store_is_begun_again(tmp_path: Path) -> None:
    with running(tmp_path) as (url, process):
        async with opened(url) as store:
            await _dies_midway(store, process)
    assert CANARY in file(tmp_path)
    with running(tmp_path) as (url, _):
        async with opened(url) as store:
            await settled(store)
        assert CANARY not in file(tmp_path)


async def _dies_midway(store: Store, process: psutil.Process) -> None:
    """Something is erased, and the file is being written anew once this returns."""
    await settled(store)
    await store.write("SET", "vault:x", CANARY)
    await store.write("DEL", "vault:x")
    for command in erased():
        await store.write(*command)
    await store.client.config_set("rdb-key-save-delay", 1_000_000)  # long enough to die in
    assert await rewrite(store)
    async with asyncio.timeout(20):
        while not process.children():
            await asyncio.sleep(0.01)
