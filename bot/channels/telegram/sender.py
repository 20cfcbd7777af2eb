"""Notices to people who did not just say something, from the delivery worker."""

from __future__ import annotations

from aiogram.methods import SendMessage

from bot.channels.contract import Notice, Surroundings
from bot.channels.telegram import render
from bot.channels.telegram.api import Api
from bot.channels.telegram.pacing import NOTICES_A_SECOND, Pacer
from bot.core.errors import Throttled, Unreachable


class Sender:
    """Sends notices at an even pace. During a pause that Telegram asked for, `send` raises
    `Throttled` at once: the outbox keeps the notice until it is over.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._api = Api(surroundings.settings)
        self._pacer = Pacer(NOTICES_A_SECOND)

    async def send(self, address: str, notice: Notice) -> None:
        """Bring a notice to a person. Raises a `ChannelError`; see `bot.core.errors`."""
        try:
            chat = int(address)
        except ValueError:
            raise Unreachable("this is no address of Telegram's") from None
        for part in render.split(notice.text):
            if pause := self._api.pauses.left(chat):
                raise Throttled(pause)
            await self._pacer.wait()
            await self._api.call(SendMessage(chat_id=chat, **render.message(part)), chat)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()
