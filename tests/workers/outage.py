"""A store of a test's own that can be killed and started again."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot import valkey
from bot.store.connection import Store


class OwnStore:
    """`store` gives up at once when the server is away, so that an outage need not last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = self.start()
        pool = ConnectionPool.from_url(self.url, retry=Retry(NoBackoff(), 0))
        self.store = Store(Redis.from_url(self.url), pool)

    def start(self) -> str:
        """Start the server, or start it again on what it had; its address."""
        self._process = subprocess.Popen(valkey.command(self._folder))
        return valkey.wait_until_ready(self._process, self._folder)

    def kill(self) -> None:
        """SIGKILL: what it answered is on disk."""
        self._process.kill()
        self._process.wait()


@asynccontextmanager
async def own_store(folder: Path) -> AsyncIterator[OwnStore]:
    """An empty store in that folder."""
    own = OwnStore(folder)
    try:
        yield own
    finally:
        await own.store.close()
        own.kill()
