"""The chats that have a socket open in this process, and the sockets of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from bot.channels.webchat import limits
from bot.channels.webchat.identity import ChatSeal, tag_of
from bot.channels.webchat.inbox import Waiting


class Listener(Protocol):
    """A socket of a chat, as those know it who have something for it."""

    async def push(self, payload: bytes) -> None:
        """Send a frame that nobody waits for."""

    async def tell(self, waiting: Sequence[Waiting]) -> None:
        """Show notices that it has not been told of."""

    async def end(self) -> None:
        """Let the turn in hand finish, then close."""


class Crowded(Exception):
    """One more socket than a chat may have."""


class Chat:
    """One token here: its sockets (tabs, devices) and the order of its turns."""

    __slots__ = ("listeners", "seal", "tag", "token", "turn")

    def __init__(self, token: str, tag: str) -> None:
        self.token = token
        self.tag = tag
        self.seal = ChatSeal(token)
        self.listeners: list[Listener] = []
        self.turn = asyncio.Lock()


class Chats:
    """All of them, by tag."""

    def __init__(self) -> None:
        self._by_tag: dict[str, Chat] = {}

    def get(self, tag: str) -> Chat | None:
        """The chat with that tag, if it has a socket here."""
        return self._by_tag.get(tag)

    def all(self) -> tuple[Chat, ...]:
        """Every chat that has a socket here."""
        return tuple(self._by_tag.values())

    def join(self, token: str) -> Chat:
        """The chat of a token, to which the caller adds its listener. Raises `Crowded`."""
        tag = tag_of(token)
        chat = self._by_tag.get(tag)
        if chat is None:
            chat = self._by_tag[tag] = Chat(token, tag)
        if len(chat.listeners) >= limits.SOCKETS_PER_CHAT:
            raise Crowded
        return chat

    def leave(self, chat: Chat, listener: Listener) -> None:
        """A socket is gone; with the last one goes all that we know of the chat."""
        chat.listeners.remove(listener)
        if not chat.listeners:
            self._by_tag.pop(chat.tag, None)
