"""What follows a committed turn, by whichever way the update came: prompts, and answers to presses.

How prompts go out by webhook was weighed like this. A call in the webhook's answer costs nothing,
but nobody hears how it went: a 429 swallows it, an edit of a deleted message shows nothing, and a
sent message's id stays unknown, so that its buttons can never be taken away. A call of the API
tells all that and costs as much again as the whole turn. So the API is used as long as its pace
of 30 calls a second has room, which a city's reporters will rarely fill, and the press is answered
in the webhook's answer; above that, prompts go back in the answer.

A press must be answered, or its button spins. Above the pace that is a call in the background: a
hundred a second, a few dozen waiting. What is beyond is dropped: the screen has changed by then,
and the spinner stops by itself when Telegram's patience ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from aiogram.methods import AnswerCallbackQuery, SendMessage

from bot.channels.telegram import render
from bot.channels.telegram.api import Api
from bot.channels.telegram.decode import Received
from bot.channels.telegram.pace import Pacer
from bot.channels.telegram.pacing import Even
from bot.channels.telegram.reception import Outcome, where
from bot.channels.telegram.screens import Screens
from bot.channels.telegram.words import Words
from bot.core.dialogue import Attached
from bot.core.errors import ChannelError

_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0
_ONE_MOMENT = "one moment"
_ANSWERS_A_SECOND = 100
_IN_BACKGROUND_MOST = 64
_GROUPS_MOST = 1_000
_WAITING_MOST = 10_000
_KEPT_SECONDS = 20.0


class Replies:
    """Shows what came of a turn. `moments` paces what asks for patience until then."""

    def __init__(
        self, api: Api, screens: Screens, pacer: Pacer, moments: Pacer, words: Words
    ) -> None:
        self._api = api
        self._screens = screens
        self._pacer = pacer
        self._moments = moments
        self._words = words
        self._answers = Even(_ANSWERS_A_SECOND)
        self._background: set[asyncio.Task[None]] = set()
        self._told: OrderedDict[str, str] = OrderedDict()
        self._waiting: OrderedDict[str, str] = OrderedDict()

    def react(self, outcome: Outcome, *, hook: bool) -> render.Parameters | None:
        """Have everything shown; the call for the webhook's answer if `hook`, and if there is one.

        Called within the chat's turn, so that screens keep the order of the turns.
        """
        try:
            return self._react(outcome, hook=hook)
        except Exception as error:
            # The turn is committed: to fail now would only bring the same update again.
            _log.error("what came of a turn could not be shown: %s", where(error))
            return None

    def _react(self, outcome: Outcome, *, hook: bool) -> render.Parameters | None:
        received = outcome.received
        waited = received.chat in self._waiting
        self._waiting.pop(received.chat, None)
        if received.incoming is None:
            self._elsewhere(outcome)
        elif outcome.given_up:
            if outcome.told:
                self._say(received.chat, self._words.trouble(received.locale, outcome.told))
        else:
            return self._show(outcome, hook=hook, below=waited)
        return self._answer(received.query, hook=hook)

    def not_yet(self, received: Received, told: str | None) -> None:
        """Say what a chat waits for, once until something of it is committed.

        Each bot process says it for itself: what they share is the store, and that is away.
        """
        chat = received.chat
        if told is None or self._waiting.get(chat) == told:
            return
        if self._say(chat, self._words.trouble(received.locale, told)):
            _remember(self._waiting, chat, _WAITING_MOST, told)

    @contextmanager
    def patience(self, received: Received) -> Iterator[None]:
        """From when an update came until its turn is committed: who waits for long is told so."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(PATIENCE_SECONDS, self.one_moment, received)
        try:
            yield
        finally:
            timer.cancel()

    def one_moment(self, received: Received) -> None:
        """Ask a chat that was told nothing yet for patience, if answers leave room for that."""
        crowded = len(self._background) >= _IN_BACKGROUND_MOST // 2 or not self._moments.free()
        if crowded or received.incoming is None or received.chat in self._waiting:
            return
        self._in_background(self._asked_for_patience(received))
        _remember(self._waiting, received.chat, _WAITING_MOST, _ONE_MOMENT)

    async def kept(self, outcome: Outcome) -> None:
        """Wait, within reason, until a receipt among the prompts has arrived.

        Until then the update is not acknowledged: should the bot die now, Telegram brings the
        update again, and the receipt is shown then.
        """
        if any(shown.keep for shown in outcome.shown):
            await self._screens.settled(outcome.received.chat, _KEPT_SECONDS)

    async def stop(self, seconds: float) -> None:
        """Finish what is in the background, for at most so many seconds."""
        await self._screens.stop(seconds)
        if self._background:
            _, late = await asyncio.wait(self._background, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _show(self, outcome: Outcome, *, hook: bool, below: bool) -> render.Parameters | None:
        """`below` what the person was told while they waited, which is the last they see."""
        received, shown = outcome.received, outcome.shown
        screen = self._screens.of(received.chat)
        (screen.pressed if received.editable else screen.heard)(received.message)
        if below:
            screen.heard(received.message)
        if hook and not self._pacer.free():
            reply = self._screens.reply(received.chat, shown)
            if reply is not None:
                self._answer(received.query, hook=False)
                return reply
        media = received.incoming is not None and isinstance(received.incoming.event, Attached)
        self._screens.put(received.chat, shown, settle=media)
        return self._answer(received.query, hook=hook)

    def _answer(self, query: str | None, *, hook: bool) -> render.Parameters | None:
        if query is None:
            return None
        if hook:
            return {"method": "answerCallbackQuery", "callback_query_id": query}
        self._in_background(self._answered(query))
        return None

    async def _answered(self, query: str) -> None:
        await asyncio.sleep(self._answers.take())
        await self._api.call(AnswerCallbackQuery(callback_query_id=query))

    def _elsewhere(self, outcome: Outcome) -> None:
        """A group hears once that it is no place for this."""
        chat = outcome.received.chat
        if chat in self._told:
            return
        text = self._words.private_only(outcome.received.locale)
        _remember(self._told, chat, _GROUPS_MOST, text)
        self._say(chat, text)

    def _say(self, chat: str, text: str) -> bool:
        return self._in_background(self._said(int(chat), text))

    async def _said(self, chat: int, text: str) -> None:
        await self._pacer.wait(chat)
        await self._api.call(SendMessage(chat_id=chat, **render.message(text)), chat)

    async def _asked_for_patience(self, received: Received) -> None:
        chat = int(received.chat)
        await self._moments.wait(chat)
        if self._waiting.get(received.chat) != _ONE_MOMENT:
            return  # the answer was quicker, or there is more to say by now
        text = self._words.one_moment(received.locale)
        await self._api.call(SendMessage(chat_id=chat, **render.message(text)), chat)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> bool:
        """False: there is no room for it."""
        if len(self._background) >= _IN_BACKGROUND_MOST:
            work.close()
            return False
        task = asyncio.create_task(_quietly(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return True


def _remember(chats: OrderedDict[str, str], chat: str, most: int, told: str) -> None:
    chats[chat] = told
    if len(chats) > most:
        chats.popitem(last=False)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(ChannelError):
        await work
