"""The Telegram channel inside the bot process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from itertools import chain, repeat
from typing import Any

from aiogram.methods import SetMyCommands, SetWebhook, TelegramMethod
from aiohttp import web

from bot.channels.contract import Shown, Surroundings, Turns
from bot.channels.telegram.api import Api
from bot.channels.telegram.decode import KINDS_WANTED
from bot.channels.telegram.display import Display
from bot.channels.telegram.pace import Pacer, Rank
from bot.channels.telegram.pacing import Pauses
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.reception import Reception, where
from bot.channels.telegram.replies import Replies
from bot.channels.telegram.screens import Screens
from bot.channels.telegram.webhook import CONNECTIONS_MOST, Webhook
from bot.channels.telegram.words import COMMANDS, Words
from bot.core.errors import ChannelError, Throttled

_log = logging.getLogger(__name__)

STOP_SECONDS = 5.0
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)


class Channel:
    """Telegram, by polling or by webhook as the settings say."""

    def __init__(self, surroundings: Surroundings, turns: Turns) -> None:
        settings = surroundings.settings
        pauses = Pauses(surroundings.store)
        self._api = Api(settings, pauses)
        self._words = Words(surroundings.say, surroundings.locales)
        pacer = Pacer(surroundings.store, pauses, Rank.ANSWERS)
        self._screens = Screens(self._api, Display(self._api, pacer, self._words))
        moments = Pacer(surroundings.store, pauses, Rank.MOMENTS)
        self._replies = Replies(self._api, self._screens, pacer, moments, self._words)
        reception = Reception(turns)
        self._webhook: Webhook | None = None
        self._polling: Polling | None = None
        if settings.telegram_mode == "webhook":
            self._webhook = Webhook(settings, reception, self._replies)
        else:
            self._polling = Polling(self._api, reception, self._replies)
        self._tasks: list[asyncio.Task[None]] = []

    def add_routes(self, application: web.Application) -> None:
        """The webhook's route, if there is one."""
        if self._webhook is not None:
            self._webhook.add_routes(application)

    async def start(self) -> None:
        """Begin to receive; what Telegram must be told is told in the background."""
        if self._webhook is not None:
            self._run(_until_done(self._set_webhook))
        if self._polling is not None:
            self._run(self._polling.run())
        self._run(_until_done(self._set_commands))

    async def stop(self) -> None:
        """Take nothing new, finish what is in hand within 5 s, close the connections."""
        deadline = time.monotonic() + STOP_SECONDS
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._webhook is not None:
            await self._webhook.stop(STOP_SECONDS)
        if self._polling is not None:
            await self._polling.stop(STOP_SECONDS)
        await self._replies.stop(max(0.0, deadline - time.monotonic()))
        await self._api.close()

    async def show(self, address: str, shown: tuple[Shown, ...]) -> None:
        """Show prompts that nobody asked for just now. Raises a `ChannelError`."""
        self._screens.put(address, shown, settle=True)
        await self._screens.shown(address)

    async def _set_webhook(self) -> None:
        assert self._webhook is not None
        await self._api.call(
            SetWebhook(
                url=self._webhook.url,
                secret_token=self._webhook.secret,
                allowed_updates=[*KINDS_WANTED],
                max_connections=CONNECTIONS_MOST,
            )
        )

    async def _set_commands(self) -> None:
        """One menu per language, and the default language's for everybody else."""
        for locale in (None, *self._words.locales):
            await self._api.call(self._commands(locale))

    def _commands(self, locale: str | None) -> TelegramMethod[bool]:
        language = locale or self._words.locales[0]
        commands = [
            {"command": name, "description": self._words.command(language, name)}
            for name in COMMANDS
        ]
        return SetMyCommands.model_validate({"commands": commands, "language_code": locale})

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_complain)
        self._tasks.append(task)


async def _until_done(step: Callable[[], Awaitable[None]]) -> None:
    """Tell Telegram something, again and again until it heard."""
    for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
        wait = pause
        try:
            await step()
        except Throttled as throttled:
            wait = throttled.retry_after
        except ChannelError as error:
            _log.warning("Telegram was not set up, trying again: %s", error)
        else:
            return
        await asyncio.sleep(wait)


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("the Telegram channel stopped working: %s", where(error))
