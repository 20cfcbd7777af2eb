"""One socket: what its page says becomes turns, one after the other, and what comes of it is shown.

This is the path of every message, so it does little: parse, take the turn, answer. The turn is
committed before it is acknowledged, and the page repeats whatever was not acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Sequence

import orjson
from aiohttp import WSCloseCode, WSMsgType, web
from redis.exceptions import RedisError

from bot.channels.contract import Shown
from bot.channels.webchat import frames, limits
from bot.channels.webchat.chats import Chat
from bot.channels.webchat.frames import Frame, Malformed
from bot.channels.webchat.inbox import Inbox, Waiting
from bot.channels.webchat.switchboard import Switchboard
from bot.core.dialogue import Incoming, Message
from bot.core.errors import GatewayError

Socket = web.WebSocketResponse[bool]

log = logging.getLogger(__name__)


class Session:
    """A socket that has said who it is."""

    __slots__ = ("_board", "_chat", "_network", "_socket", "_told", "locale")

    def __init__(
        self, board: Switchboard, socket: Socket, chat: Chat, locale: str | None, network: str
    ) -> None:
        self._board = board
        self._socket = socket
        self._chat = chat
        self._network = network
        self._told: set[str] = set()
        self.locale = locale

    async def run(self) -> None:
        """Take what the page says until it goes."""
        try:
            while not self._board.ending:
                message = await self._socket.receive()
                if message.type is not WSMsgType.TEXT:
                    return
                await self._hear(message.data)
            await self._socket.close(code=WSCloseCode.GOING_AWAY)
        except Malformed:
            await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)
        except ConnectionError:
            return  # the page is gone; what it did not hear it will ask for again

    async def tell(self, waiting: Sequence[Waiting]) -> None:
        """Show notices that this socket has not been told of."""
        for notice in waiting:
            if notice.id not in self._told:
                self._told.add(notice.id)
                await self.push(orjson.dumps({"notice": notice}))

    async def push(self, payload: bytes) -> None:
        """Send a frame that nobody waits for; a page that does not take it is dropped."""
        try:
            async with asyncio.timeout(limits.PUSH_WITHIN):
                await self._send(payload)
        except TimeoutError:
            await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER, drain=False)
        except ConnectionError:
            return  # gone meanwhile; the next visit shows it

    def tell_slow(self) -> None:
        """The turn in hand takes longer than a blink."""
        self._board.spawn(self.push(frames.TYPING))

    async def end(self) -> None:
        """Let the turn in hand finish, then close: the page comes back by itself."""
        async with self._chat.turn:
            await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def _hear(self, data: bytes) -> None:
        frame = frames.parsed(data)
        if "id" in frame:
            await self._turn(frames.identifier(frame), frame)
        elif "ping" in frame:
            await self._send(frames.PONG)
        else:
            await self._seen(frames.seen(frame))

    async def _turn(self, name: str, frame: Frame) -> None:
        try:
            incoming = Incoming(
                "webchat",
                self._chat.token,
                name,
                frames.event(frame),
                self.locale,
                frames.receipts(frame),
                self._network,
            )
        except Malformed:
            await self._refuse(name, "malformed", "web.error.failed", again=False)
            return
        if self._board.turns_in_hand >= limits.TURNS_MOST:
            await self._refuse(name, "busy", "web.error.busy", again=True)
            return
        self._board.turns_in_hand += 1
        self._board.patience.begin(self)
        try:
            await self._take(name, incoming)
        finally:
            self._board.patience.end(self)
            self._board.turns_in_hand -= 1

    async def _take(self, name: str, incoming: Incoming) -> None:
        try:
            async with self._chat.turn:
                if self._board.ending:
                    return
                shown = await self._board.turns.take(incoming)
        except GatewayError as error:
            told = error.told or "web.error.failed"
            reason = "not_saved" if error.retryable else "failed"
            await self._refuse(name, reason, told, again=error.retryable)
        except Exception as error:
            # The person is told and can go on; the next message is not held up by this one.
            # Where it failed is logged, not with what words: they may be the person's own.
            place = traceback.extract_tb(error.__traceback__)[-1]
            failure = type(error).__name__
            log.error("a turn failed: %s in %s:%s", failure, place.filename, place.lineno)
            await self._refuse(name, "failed", "web.error.failed", again=False)
        else:
            await self._show(name, shown)

    async def _show(self, name: str, shown: tuple[Shown, ...]) -> None:
        if shown:
            self.locale = shown[-1].locale
        link = self._board.surroundings.media_link
        if len(self._chat.listeners) > 1:
            payload = frames.answered(None, shown, link)
            for other in self._chat.listeners:
                if other is not self:
                    self._board.spawn(other.push(payload))
        await self._send(frames.answered(name, shown, link))

    async def _refuse(self, name: str, reason: str, told: str, *, again: bool) -> None:
        surroundings = self._board.surroundings
        words = surroundings.say(self.locale or surroundings.locales[0], Message(told))
        await self._send(frames.trouble(name, reason, words, again=again))

    async def _seen(self, ids: Sequence[str]) -> None:
        try:
            await Inbox(self._board.surroundings.store, self._chat.token).remove(ids)
        except RedisError:
            return  # they come again, and the page knows that it has shown them

    async def _send(self, payload: bytes) -> None:
        await self._socket.send_frame(payload, WSMsgType.TEXT)
