"""A web chat that listens for real, a conversation behind it, and pages that talk with it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import ClientSession, ClientWebSocketResponse, web
from redis.asyncio import Redis

from bot.channels.contract import Button, Shown, Surroundings
from bot.channels.webchat import Channel
from bot.channels.webchat.identity import letters
from bot.core.dialogue import Attached, Command, Incoming, Located, Pressed, Text
from bot.store.media import MediaStore
from config.settings import Settings
from locales.catalogue import Catalogues

CATALOGUES = Catalogues.load()
PATIENCE = 8.0


def new_token() -> str:
    """A token as a browser makes it."""
    return letters(secrets.token_bytes(32))


async def until(holds: Callable[[], Awaitable[object] | object]) -> None:
    """Wait for a condition; fails if it never comes true."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = holds()
        if found if not isinstance(found, Awaitable) else await found:
            return
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


async def hearing(store: Redis, count: int = 1) -> bool:
    """Whether so many processes hear the news that pass through the store."""
    ears = await store.client_list(_type="pubsub")
    return sum(ear["psub"] == "1" for ear in ears) == count


class Conversation:
    """A small conversation that keeps what it took, takes each event once, and fails on demand."""

    def __init__(self) -> None:
        self.taken: list[Incoming] = []
        self.serials: dict[str, int] = {}
        self.locales: dict[str, str] = {}
        self.failures: list[Exception] = []
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0
        self._seen: set[tuple[str, str]] = set()

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        self.waiting += 1
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1
        if self.failures:
            raise self.failures.pop(0)
        if (incoming.address, incoming.event_id) not in self._seen:
            self._seen.add((incoming.address, incoming.event_id))
            self.taken.append(incoming)
            self._move(incoming)
        return self.screens(incoming.address)

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        raise AssertionError("a page keeps its own messages")

    def _move(self, incoming: Incoming) -> None:
        address = incoming.address
        self.locales.setdefault(address, incoming.locale or "zh")
        match incoming.event:
            case Command("language", wanted):
                self.locales[address] = wanted
            case Pressed() | Text() | Located() | Attached() | Command():
                self.serials[address] = self.serials.get(address, 1) + 1

    def screens(self, address: str) -> tuple[Shown, ...]:
        """What that chat is looking at."""
        serial = self.serials.get(address, 1)
        rows = (
            (Button("go", f"Go {serial}"),),
            (Button("back", "Back"), Button("cancel", "Cancel")),
        )
        return (
            Shown(
                screen="menu" if serial == 1 else "step",
                text=f"Screen {serial}",
                locale=self.locales.get(address, "zh"),
                rows=rows,
                accepts=("text",),
                serial=serial,
            ),
        )

    @property
    def events(self) -> list[object]:
        """What was taken, in order."""
        return [one.event for one in self.taken]


class World:
    """The channel on a port of its own."""

    def __init__(
        self,
        store: Redis,
        folder: Path,
        conversation: Conversation | None = None,
        **settings: Any,
    ) -> None:
        self.conversation = conversation or Conversation()
        self.surroundings = Surroundings(
            settings=Settings(_env_file=None, data_dir=folder, **settings),  # type: ignore[call-arg]
            store=store,
            media=MediaStore.at("", folder),
            say=CATALOGUES.say,
            locales=tuple(code for code, _ in CATALOGUES.locales),
            media_link=lambda media, thumbnail: f"/media/{media}?thumbnail={thumbnail}",
        )
        self.port = 0
        self.channel: Channel
        self._runner: web.AppRunner
        self.http: ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; the second time on the same port as before."""
        self.channel = Channel(self.surroundings, self.conversation)
        application = web.Application()
        self.channel.add_routes(application)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        await self.channel.start()

    async def stop(self) -> None:
        """Stop as the programme does."""
        await self.channel.stop()
        await self._runner.cleanup()

    async def __aenter__(self) -> World:
        await self.start()
        self.http = ClientSession()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.close()
        await self.stop()

    @asynccontextmanager
    async def page(
        self, token: str | None = None, *, locale: str = "zh", **headers: str
    ) -> AsyncIterator[Page]:
        """A page with its socket open, after its hello."""
        token = token or new_token()
        async with self.http.ws_connect(f"{self.url}/chat/socket", headers=headers) as socket:
            page = Page(socket, token)
            await page.send({"hello": token, "locale": locale})
            yield page

    async def upload(self, body: Any, token: str | None = None, **headers: str) -> tuple[int, Any]:
        """Upload a file; status and answer."""
        headers = {"X-Chat": token or new_token(), **headers}
        data = BytesIO(body) if isinstance(body, bytes) else body
        async with self.http.post(f"{self.url}/chat/uploads", data=data, headers=headers) as answer:
            read = await answer.read()
            return answer.status, orjson.loads(read) if answer.content_type.endswith(
                "json"
            ) else read


class Page:
    """One browser page, as the gateway sees it."""

    def __init__(self, socket: ClientWebSocketResponse, token: str) -> None:
        self.socket = socket
        self.token = token
        self.heard: list[dict[str, Any]] = []
        self._said = 0
        self.name = letters(secrets.token_bytes(6))

    async def send(self, frame: dict[str, Any]) -> None:
        await self.socket.send_str(orjson.dumps(frame).decode())

    async def say(self, kind: str, **rest: Any) -> str:
        """Send a message and do not wait; what it is called."""
        self._said += 1
        called = f"{self.name}-{self._said}"
        await self.send({"id": called, "type": kind, **rest})
        return called

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        message = await self.socket.receive(PATIENCE)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        frame: dict[str, Any] = orjson.loads(message.data)
        self.heard.append(frame)
        return frame

    async def ask(self, kind: str, **rest: Any) -> dict[str, Any]:
        """Send a message and wait for its answer."""
        called = await self.say(kind, **rest)
        while True:
            frame = await self.hear()
            if frame.get("ack") == called or ("error" in frame and frame["id"] == called):
                return frame

    async def closed(self) -> int | None:
        """Wait for the end; the code."""
        while True:
            message = await self.socket.receive(PATIENCE)
            if message.type in (
                aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.CLOSED,
                aiohttp.WSMsgType.CLOSING,
            ):
                return self.socket.close_code
