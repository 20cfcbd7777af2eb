"""A world for each test, on the store that all tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.channels.webchat.world import World


@pytest.fixture
async def world(client: Redis, tmp_path: Path) -> AsyncIterator[World]:
    """The web chat, listening."""
    async with World(client, tmp_path) as running:
        yield running
