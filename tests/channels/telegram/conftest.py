"""A Bot API server and a store for each test; none may leave a breach of the schema behind."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.channels.telegram import stage
from tests.fakes.telegram import TelegramServer


@pytest.fixture(autouse=True)
def _store(client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the channel keeps its pace."""
    monkeypatch.setattr(stage, "STORE", client)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """The server; every call of the test was as the published schema wants it."""
    async with TelegramServer() as running:
        yield running
        assert running.violations == []
