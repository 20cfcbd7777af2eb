"""Calls of the Bot API through aiogram, with its many failures translated into our few.

No error that leaves this module carries aiogram's or aiohttp's own: theirs hold the address with
the bot's token in it, the chat's id, or the text.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import orjson
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageReplyMarkup,
    EditMessageText,
    SendMessage,
    TelegramMethod,
)
from aiogram.methods.base import Response
from aiohttp import ClientError, ClientResponseError

from bot.channels.telegram.pacing import Pauses
from bot.core.errors import ChannelDown, ChannelError, Throttled, Unreachable
from config.settings import Settings

logging.getLogger("aiogram").setLevel(logging.WARNING)

_Result = TypeVar("_Result")
_CALL_SECONDS = 20
# Their address is destroyed then, so it takes words that leave no doubt.
_GONE_FOR_GOOD = ("bot was blocked by the user", "user is deactivated")
_NEVER_MET = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "bot can't initiate conversation",
)
_NOT_FOUND = 404
# What the frequent calls are answered with. Pydantic builds such a model when it is named and drops
# it with the last reference; building one again costs as much as ten turns.
_ANSWERS = [
    Response[method.__returning__]  # type: ignore[name-defined]
    for method in (
        AnswerCallbackQuery,
        DeleteMessage,
        EditMessageReplyMarkup,
        EditMessageText,
        SendMessage,
    )
]


class Rejected(ChannelError):
    """Telegram will not take this call as it is; `reason` is its description, in lower case."""

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(f"{method} was not taken")
        self.reason = reason


class NeverMet(Rejected):
    """To Telegram, this person and this bot are strangers: is it another bot's token?"""


class Conflict(ChannelDown):
    """Somebody else receives this bot's updates."""


class BadToken(ChannelDown):
    """Telegram does not know the token: it was revoked, or is another server's."""


class RawUpdates(TelegramMethod[list[Any]]):
    """getUpdates with the updates left as plain data: our decoder reads them one by one."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class Api:
    """The bot's calls. Every method raises a `ChannelError` and nothing else."""

    def __init__(self, settings: Settings, pauses: Pauses) -> None:
        server = TelegramAPIServer.from_base(settings.telegram_api_url)
        self._session = AiohttpSession(api=server, json_loads=orjson.loads)
        self._token = settings.bot_token.get_secret_value()
        self.pauses = pauses
        self._bot = Bot(self._token, session=self._session)

    async def call(
        self, method: TelegramMethod[_Result], chat: int | None = None, seconds: int = _CALL_SECONDS
    ) -> _Result:
        """Carry out a call; `chat` is whom it writes to. `Throttled` at once during a pause."""
        if pause := self.pauses.left(chat):
            raise Throttled(pause)
        failure: ChannelError
        try:
            return await self._bot(method, request_timeout=seconds)
        except (AiogramError, ClientError, OSError) as error:
            failure = _translated(type(method).__api_method__, error)
        if isinstance(failure, Throttled):
            await self.pauses.refused(chat, failure.retry_after)
        raise failure

    async def download(self, path: str) -> AsyncIterator[bytes]:
        """The pieces of a file that getFile named."""
        failure: ChannelError
        try:
            url = self._session.api.file_url(self._token, path)
            async for piece in self._session.stream_content(url, timeout=120):
                yield piece
        except ClientResponseError as error:
            gone = error.status == _NOT_FOUND
            failure = Rejected("download", "not found") if gone else ChannelDown("download failed")
        except (ClientError, OSError) as error:
            failure = ChannelDown(f"download broke off: {type(error).__name__}")
        else:
            return
        raise failure

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def _translated(method: str, error: Exception) -> ChannelError:
    failure: ChannelError = ChannelDown(f"{method} got no usable answer: {type(error).__name__}")
    match error:
        case TelegramRetryAfter():
            failure = Throttled(error.retry_after)
        case TelegramForbiddenError() | TelegramBadRequest():
            failure = _refused(method, error.message.lower())
        case TelegramConflictError():
            failure = Conflict("somebody else receives the updates of this bot")
        case TelegramUnauthorizedError() | TelegramNotFound():
            failure = BadToken("Telegram does not know this bot's token")
    return failure


def _refused(method: str, reason: str) -> ChannelError:
    if any(words in reason for words in _GONE_FOR_GOOD):
        return Unreachable("the person blocked the bot or is gone")
    met = not any(words in reason for words in _NEVER_MET)
    return Rejected(method, reason) if met else NeverMet(method, reason)
