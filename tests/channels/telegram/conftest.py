"""A Bot API server for each test; no test may leave a breach of the schema behind."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.telegram import TelegramServer


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """The server; every call of the test was as the published schema wants it."""
    async with TelegramServer() as running:
        yield running
        assert running.violations == []
