"""Brings a notice to a person who may be away: into the inbox of their chat.

The page shows it at once where it is open, and on the next visit where it is not. A notice counts
as delivered once it is in the inbox: nobody can be unreachable here.
"""

from __future__ import annotations

from redis.exceptions import RedisError

from bot.channels.contract import Notice, Surroundings
from bot.channels.webchat.inbox import Inbox
from bot.core.errors import ChannelDown


class Sender:
    """The web chat inside the delivery worker."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._store = surroundings.store

    async def send(self, address: str, notice: Notice) -> None:
        """Put the notice into the inbox, once however often it is sent. Raises `ChannelDown`."""
        try:
            await Inbox(self._store, address).put(notice)
        except RedisError as error:
            raise ChannelDown("the inbox cannot be written") from error

    async def close(self) -> None:
        """Nothing is open: the store belongs to the process."""
