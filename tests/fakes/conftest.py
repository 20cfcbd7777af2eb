"""What the tests of the stand-in servers share."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from tests.fakes.telegram import TelegramServer


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    """A Bot API server that nobody has called yet."""
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def client(telegram: TelegramServer) -> AsyncIterator[Bot]:
    """An unmodified aiogram bot that talks to it."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
    async with Bot(telegram.token, session=session) as bot:
        yield bot
