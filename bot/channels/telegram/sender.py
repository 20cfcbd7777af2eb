"""Notices to people who did not just say something, from the delivery worker."""

from __future__ import annotations

from aiogram.methods import SendMessage

from bot.channels.contract import Notice, Surroundings
from bot.channels.telegram import render
from bot.channels.telegram.api import Api
from bot.channels.telegram.pace import Pacer, Rank
from bot.channels.telegram.pacing import Pauses
from bot.core.errors import Unreachable

PATIENCE_SECONDS = 5.0


class Sender:
    """Sends notices while people who just said something leave room for them.

    Where there is none for some seconds, and at once during a pause that Telegram asked for, `send`
    raises `Throttled`: the outbox keeps the notice, and those for other channels are not held up.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        pauses = Pauses(surroundings.store)
        self._api = Api(surroundings.settings, pauses)
        self._pacer = Pacer(surroundings.store, pauses, Rank.NOTICES)

    async def send(self, address: str, notice: Notice) -> None:
        """Bring a notice to a person. Raises a `ChannelError`; see `bot.core.errors`."""
        try:
            chat = int(address)
        except ValueError:
            raise Unreachable("this is no address of Telegram's") from None
        for part in render.split(notice.text):
            await self._pacer.wait(chat, PATIENCE_SECONDS)
            await self._api.call(SendMessage(chat_id=chat, **render.message(part)), chat)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()
