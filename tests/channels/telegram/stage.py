"""The channel over the fake Bot API server, with a gateway that plays a script."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aiohttp import web
from redis.asyncio import Redis

from bot.channels.contract import Button, Shown, Surroundings, Turns
from bot.channels.telegram import Channel
from bot.core.dialogue import Incoming, Message
from bot.store.media import MediaStore
from config.settings import Settings
from tests.fakes.telegram import TelegramServer

SECRET = "a-secret_of-ours"
Mode = Literal["polling", "webhook"]
# The store of the test that runs; the conftest beside puts it here.
STORE = Redis()
Answer = Callable[[Incoming], tuple[Shown, ...]]


def say(locale: str, message: Message) -> str:
    """Words that tell which sentence of which language they are."""
    if message.id == "telegram.receipt_tag":
        return {"zh": "#随手拍回执", "en": "#hazard_receipt"}[locale]
    return f"[{locale}] {message.id}"


def prompt(text: str, *buttons: str, screen: str = "step", serial: int = 7) -> Shown:
    """A prompt with one button per row, labelled by its id."""
    rows = tuple((Button(one, one),) for one in buttons)
    return Shown(screen, text, "zh", rows, serial=serial)


def echo(incoming: Incoming) -> tuple[Shown, ...]:
    """Shows which event came."""
    return (prompt(repr(incoming.event), "on", "back", screen=incoming.event_id),)


@dataclass
class Script:
    """A gateway that answers from a script and fails on demand.

    `fail` is asked before each turn and may raise. `gate` holds turns back until it is set.
    """

    answer: Answer = echo
    fail: Callable[[Incoming], None] = lambda incoming: None
    begun: list[Incoming] = field(default_factory=list)
    taken: list[Incoming] = field(default_factory=list)
    aside: list[tuple[Incoming, str]] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        """One turn."""
        self.begun.append(incoming)
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        self.fail(incoming)
        self.taken.append(incoming)
        return self.answer(incoming)

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        """Keep what always fails."""
        self.aside.append((incoming, reason))


def settings(server: TelegramServer, **more: object) -> Settings:
    """Settings for the bot of this server."""
    known = {"bot_token": server.token, "telegram_api_url": server.url}
    return Settings(_env_file=None, **{**known, **more})  # type: ignore[call-arg, arg-type]


def surroundings(settings: Settings, folder: Path, store: Redis | None = None) -> Surroundings:
    """What a channel is given; this one needs no media."""
    return Surroundings(
        settings=settings,
        store=store or STORE,
        media=MediaStore.at("", folder),
        say=say,
        locales=("zh", "en"),
        media_link=lambda media, thumbnail: f"/media/{media}",
    )


@asynccontextmanager
async def running(
    server: TelegramServer, turns: Turns, folder: Path, mode: Mode = "polling"
) -> AsyncIterator[Channel]:
    """The channel, receiving. By webhook it listens on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        chosen = settings(
            server, telegram_mode=mode, telegram_webhook_secret=SECRET, public_url=address
        )
        channel = Channel(surroundings(chosen, folder), turns)
        application = web.Application()
        channel.add_routes(application)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        await channel.start()
        try:
            yield channel
        finally:
            await channel.stop()
            await runner.cleanup()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until this is true; AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.01)
