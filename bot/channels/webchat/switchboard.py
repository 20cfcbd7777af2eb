"""What all sockets of this process share: the turns, the chats, and news from other processes.

A notice or a picture that became ready is often handled elsewhere. It is published on the store's
channel of that chat; every process hears all of them and passes on what is for its own sockets.
What is published is sealed under the chat's token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence

from redis.exceptions import RedisError

from bot.channels.contract import Shown, Surroundings, Turns
from bot.channels.webchat import frames, limits
from bot.channels.webchat.chats import Chat, Chats
from bot.channels.webchat.identity import ChatSeal, tag_of
from bot.channels.webchat.inbox import Inbox, news_channel
from bot.channels.webchat.news import hear_news
from bot.channels.webchat.patience import Patience
from bot.core.errors import ChannelDown

_PURPOSE = b"prompts"
_ATTEMPTS = 5

log = logging.getLogger(__name__)


class Switchboard:
    """Connects sockets with turns and with the rest of the gateway."""

    def __init__(self, surroundings: Surroundings, turns: Turns) -> None:
        self.surroundings = surroundings
        self.turns = turns
        self.chats = Chats()
        self.turns_in_hand = 0
        self.ending = False
        self.patience = Patience()
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something beside the sockets; it is cancelled at the end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def start(self) -> None:
        """Begin to hear news."""
        self.spawn(hear_news(self.surroundings.store, self._heard, self._missed))

    async def stop(self) -> None:
        """Finish the turns in hand, close the sockets, stop what runs beside them."""
        self.ending = True
        closing = [
            self.spawn(listener.end()) for chat in self.chats.all() for listener in chat.listeners
        ]
        if closing:
            await asyncio.wait(closing, timeout=limits.STOP_WITHIN)
        running = tuple(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def publish(self, token: str, shown: Sequence[Shown]) -> None:
        """Show prompts on every socket of that token, wherever it is. Raises `ChannelDown`."""
        payload = frames.answered(None, shown, self.surroundings.media_link)
        sealed = ChatSeal(token).close(payload, _PURPOSE)
        try:
            await self.surroundings.store.publish(news_channel(tag_of(token)), sealed)
        except RedisError as error:
            raise ChannelDown("the prompt cannot be passed on") from error

    async def deliver(self, chat: Chat) -> None:
        """Hand what waits in the chat's inbox to its sockets."""
        inbox = Inbox(self.surroundings.store, chat.token)
        for attempt in range(_ATTEMPTS):
            try:
                waiting = await inbox.waiting()
                break
            except RedisError:
                await asyncio.sleep(2**attempt)
        else:
            log.warning("an inbox could not be read; it is read again on the next visit")
            return
        for listener in tuple(chat.listeners):
            await listener.tell(waiting)

    def push(self, chat: Chat, payload: bytes) -> None:
        """Send a frame to every socket of a chat without waiting for any of them."""
        for listener in chat.listeners:
            self.spawn(listener.push(payload))

    def _heard(self, tag: str, sealed: bytes) -> None:
        chat = self.chats.get(tag)
        if chat is None:
            return
        if not sealed:
            self.spawn(self.deliver(chat))
            return
        payload = chat.seal.open(sealed, _PURPOSE)
        if payload is not None:
            self.push(chat, payload)

    def _missed(self) -> None:
        for chat in self.chats.all():
            self.push(chat, frames.AGAIN)
            self.spawn(self.deliver(chat))
