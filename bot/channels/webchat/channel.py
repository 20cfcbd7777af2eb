"""The web chat inside the bot process: the page, its socket, and the door for files."""

from __future__ import annotations

import asyncio

from aiohttp import WSCloseCode, WSMsgType, web

from bot.channels.contract import Shown, Surroundings, Turns
from bot.channels.webchat import frames, limits
from bot.channels.webchat.chats import Crowded
from bot.channels.webchat.doors import from_our_page
from bot.channels.webchat.frames import Malformed
from bot.channels.webchat.identity import is_token
from bot.channels.webchat.network import network_of
from bot.channels.webchat.page import Page
from bot.channels.webchat.session import Session, Socket
from bot.channels.webchat.switchboard import Switchboard
from bot.channels.webchat.uploads import Uploads
from bot.pace import Pace

_CLOSE_WITHIN = 2.0


class Channel:
    """Receives over the page's socket; see `bot.channels.webchat.frames` for what is said there."""

    def __init__(self, surroundings: Surroundings, turns: Turns) -> None:
        self._surroundings = surroundings
        self._board = Switchboard(surroundings, turns)
        self._page = Page(surroundings)
        self._uploads = Uploads(surroundings)
        self._sockets = 0
        self._openings = Pace(60)

    def add_routes(self, application: web.Application) -> None:
        """The page, its files, its socket and its uploads."""
        application.router.add_get("/", self._page.page)
        application.router.add_get("/chat/socket", self._socket)
        application.router.add_post("/chat/uploads", self._uploads.take)
        application.router.add_get("/chat/{version}/{name}", self._page.file)

    async def start(self) -> None:
        """Begin to hear what other processes have for our chats."""
        self._board.start()

    async def stop(self) -> None:
        """Finish the turns in hand and close every socket."""
        await self._board.stop()

    async def show(self, address: str, shown: tuple[Shown, ...]) -> None:
        """Show prompts on every page of that chat, in this process and others."""
        await self._board.publish(address, shown)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not from_our_page(request, self._surroundings.settings.public_url):
            raise web.HTTPForbidden
        if self._board.ending or self._sockets >= limits.SOCKETS_MOST:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        network = network_of(request, self._surroundings.settings.proxies)
        if network and self._openings.counted(network) > limits.SOCKETS_PER_NETWORK_A_MINUTE:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"})
        socket: Socket = web.WebSocketResponse(
            timeout=_CLOSE_WITHIN,
            heartbeat=limits.HEARTBEAT,
            compress=False,
            max_msg_size=limits.FRAME_BYTES_MOST + 1,  # aiohttp refuses from this size on
            decode_text=False,
        )
        await socket.prepare(request)
        self._sockets += 1
        try:
            await self._attend(socket, network)
        finally:
            self._sockets -= 1
        return socket

    async def _attend(self, socket: Socket, network: str) -> None:
        try:
            token, locale = await self._greeted(socket)
            chat = self._board.chats.join(token)
        except (Malformed, TimeoutError):
            await socket.close(code=WSCloseCode.POLICY_VIOLATION)
            return
        except Crowded:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return
        session = Session(self._board, socket, chat, locale, network)
        chat.listeners.append(session)
        self._board.spawn(self._board.deliver(chat))
        try:
            await session.run()
        finally:
            self._board.chats.leave(chat, session)

    async def _greeted(self, socket: Socket) -> tuple[str, str | None]:
        """The token and the language of whoever is there. Raises `Malformed`, `TimeoutError`."""
        async with asyncio.timeout(limits.HELLO_WITHIN):
            message = await socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise Malformed
        frame = frames.parsed(message.data)
        token, locale = frame.get("hello"), frame.get("locale")
        if not is_token(token):
            raise Malformed
        return str(token), locale if locale in self._surroundings.locales else None
