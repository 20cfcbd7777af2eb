"""A real Valkey for the tests, one process for all of them, emptied before each use."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot import valkey
from bot.store.connection import Store


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey as the programme itself starts it."""
    folder: Path = tmp_path_factory.mktemp("store")
    process = subprocess.Popen(valkey.command(folder))
    try:
        yield valkey.wait_until_ready(process, folder)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    """An empty store."""
    opened = Store.at(valkey_url)
    await opened.client.flushall()
    yield opened
    await opened.close()


@pytest.fixture
def client(store: Store) -> Redis:
    """The plain client of that store."""
    return store.client
