"""The gateway as it runs, inside the test: channels, conversation, store, and the media worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.app import running
from bot.bells import Bells
from bot.channels.registry import switched_on
from bot.core.report import Report
from bot.secrets import fetch_key
from bot.store.connection import Store
from bot.store.reports import report_from
from bot.surroundings import build_base
from bot.vault import custody
from bot.vault.keys import LAYERS
from config.settings import Settings
from tests.contract.channels.driver import Resident
from tests.contract.channels.telegram import AtTelegram
from tests.contract.channels.webchat import AtWebchat
from tests.fakes.telegram import TelegramServer
from tests.whole.programme import free_port
from workers.drain import Drain
from workers.fetching import Fetching
from workers.media.sanitizer import Sanitizer

CHANNELS = ("webchat", "telegram polling", "telegram webhook")
_LOOK_AGAIN_SECONDS = 0.05


class Stage:
    """A gateway with one channel that can be stopped and started again."""

    def __init__(self, channel: str, settings: Settings, store: Store) -> None:
        self.settings = settings
        self._channel = channel
        self._store = store
        self._running = AsyncExitStack()
        self._residents: list[Resident] = []
        self.server: TelegramServer | None = None

    def resident(self, locale: str = "zh") -> Resident:
        """Somebody new."""
        new: Resident
        if self.server is None:
            new = AtWebchat(locale, self.settings.address)
        else:
            new = AtTelegram(locale, self.server)
        self._residents.append(new)
        return new

    async def start(self) -> None:
        """Run bot and media worker."""
        custody.rotate(self.settings.data_dir / "keys", LAYERS, datetime.now(UTC))
        await self._running.enter_async_context(running(self.settings))
        await self._running.enter_async_context(_media_worker(self.settings))

    async def stop(self) -> None:
        """Everybody goes, then bot and media worker stop."""
        for resident in self._residents:
            await resident.leaves()
        await self._running.aclose()

    async def reports(self) -> list[Report]:
        """The finished reports that wait to be pushed."""
        waiting: list[bytes] = await self._store.read("ZRANGE", "outbox:push", 0, -1)
        finished: list[bytes] = await self._store.read("KEYS", "report:*")
        assert sorted(finished) == sorted(b"report:" + one for one in waiting)
        return [report_from(await self._store.read("GET", name)) for name in finished]


@asynccontextmanager
async def opened(channel: str, url: str, folder: Path, store: Store) -> AsyncIterator[Stage]:
    """A stage, running; at the end nothing that was sent may have broken the Bot API's rules."""
    port = free_port()
    known = {"redis_url": url, "data_dir": folder, "port": port}
    async with AsyncExitStack() as stack:
        server = None
        if channel != "webchat":
            server = await stack.enter_async_context(TelegramServer())
            known |= _telegram(server, channel.removeprefix("telegram "), port)
        stage = Stage(channel, Settings(_env_file=None, **known), store)  # type: ignore[call-arg, arg-type]
        stage.server = server
        await stage.start()
        try:
            yield stage
        finally:
            await stage.stop()
        assert server is None or server.violations == []


def _telegram(server: TelegramServer, mode: str, port: int) -> dict[str, object]:
    return {
        "bot_token": server.token,
        "telegram_api_url": server.url,
        "telegram_mode": mode,
        "telegram_webhook_secret": "a-secret_of-ours",
        "public_url": f"http://127.0.0.1:{port}",
    }


@asynccontextmanager
async def _media_worker(settings: Settings) -> AsyncIterator[None]:
    base = build_base(settings)
    bells = Bells(base.store, settings.redis_url.get_secret_value())
    modules = switched_on(settings)
    sources = {name: module.Source(base.surroundings) for name, module in modules.items()}
    async with Sanitizer() as sanitizer:
        key = fetch_key(settings)
        work = Fetching(base.store, base.media, sources, sanitizer, bells, key=key)
        drain = Drain(work)
        task = asyncio.create_task(_drains(drain))
        try:
            yield
        finally:
            drain.stopping = True
            await task
            for source in sources.values():
                await source.close()
            await bells.close()
            await base.store.close()


async def _drains(drain: Drain) -> None:
    while not drain.stopping:
        await drain.run()
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
