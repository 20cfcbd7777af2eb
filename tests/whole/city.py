"""The programme with Telegram on, and a stand-in Bot API server that it talks to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.contract.channels.telegram import AtTelegram
from tests.fakes.telegram import Call, TelegramServer
from tests.whole.programme import Programme


@dataclass
class City:
    """The programme with Telegram on, and the server that it talks to."""

    server: TelegramServer
    programme: Programme

    def resident(self, locale: str, number: int | None = None, **names: str) -> AtTelegram:
        """Somebody new to the bot; `number` and `names` are what Telegram knows of them."""
        return AtTelegram(locale, self.server, number, **names)

    async def start(self) -> None:
        """Start it while the server goes on answering."""
        await asyncio.to_thread(self.programme.start)

    def calls_to(self, resident: AtTelegram) -> list[Call]:
        """Every call that was to change what this person sees."""
        wanted = resident.person.id
        return [one for one in self.server.calls if one.params.get("chat_id") == wanted]

    async def tried_in_vain(self, resident: AtTelegram) -> None:
        """Wait until a call was refused because this person blocked the bot."""
        await resident.waits_until(lambda: 403 in codes(self.calls_to(resident)))


def codes(calls: list[Call]) -> list[int | None]:
    """How calls ended, as HTTP statuses."""
    return [one.code for one in calls]


@asynccontextmanager
async def city(folder: Path, mode: str = "polling", **settings: str) -> AsyncIterator[City]:
    """A city; at the end no call may have broken the Bot API's rules."""
    async with TelegramServer() as server:
        programme = Programme(
            folder,
            BOT_TOKEN=server.token,
            TELEGRAM_API_URL=server.url,
            TELEGRAM_MODE=mode,
            TELEGRAM_WEBHOOK_SECRET="a-secret_of-ours",
            **settings,
        )
        programme.settings["PUBLIC_URL"] = programme.url
        running = City(server, programme)
        await running.start()
        try:
            yield running
        finally:
            if programme.process and programme.process.poll() is None:
                await asyncio.to_thread(programme.stop)
        assert server.violations == []
