"""One chat as the person sees it: what stands on the screen, and what is to come.

The rules: a press edits the message that carried the button; what was typed or sent gets a new
message beneath it, and the older prompt loses its buttons (or goes, if it was the same screen); a
kept message is never touched. All of it lives in memory and may be lost: then an older prompt
keeps its buttons, and pressing one shows where the conversation is.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiogram.methods import (
    DeleteMessage,
    EditMessageReplyMarkup,
    EditMessageText,
    SendMessage,
    TelegramMethod,
)

from bot.channels.contract import Shown
from bot.channels.telegram import render
from bot.channels.telegram.api import Api, Rejected
from bot.channels.telegram.pace import Pacer
from bot.channels.telegram.words import Words
from bot.core.errors import ChannelDown, Throttled

_Result = TypeVar("_Result")
_LEFT_OVER_MOST = 5
_UNCHANGED = "message is not modified"


@dataclass(slots=True)
class Screen:
    """What is known of one chat: numbers of messages, which grow in a chat from top to bottom.

    `prompt` is the newest prompt, with the screen `name` on it and perhaps `buttons`; `said` is
    what the person wrote last; `position` brought the location keyboard; `receipt`
    is the one on the newest message of all.
    """

    chat: int
    prompt: int | None = None
    name: str = ""
    buttons: bool = True
    said: int = 0
    position: int | None = None
    receipt: str | None = None
    left_over: list[int] = field(default_factory=list)

    @property
    def current(self) -> int | None:
        """The prompt, if the next one can take its place: nothing stands beneath it."""
        return self.prompt if self.prompt is not None and self.prompt > self.said else None

    def heard(self, message: int) -> None:
        """The person wrote or sent this, or pressed a button of a message that is kept."""
        self.said, self.receipt = max(self.said, message), None

    def pressed(self, message: int) -> None:
        """The person pressed a button of this message, looks at it, and will see it change."""
        if self.prompt not in (None, message):
            self.left_over = [*self.left_over[-_LEFT_OVER_MOST:], self.prompt]
        if self.prompt != message:
            self.prompt, self.name, self.buttons = message, "", True
        self.said = 0

    def holds(self, shown: Shown, part: render.Parameters) -> None:
        """`prompt` shows this now, and `part` is the last message of it."""
        self.name, self.buttons = shown.screen, "reply_markup" in part
        self.receipt = None


class Display:
    """Puts prompts on screens; every call is paced. Methods raise a `ChannelError`."""

    def __init__(self, api: Api, pacer: Pacer, words: Words) -> None:
        self._api = api
        self._pacer = pacer
        self._words = words

    async def put(self, screen: Screen, shown: Shown, *, first: bool) -> None:
        """Show one prompt; `first` of those that belong together."""
        if shown.keep:
            await self._keep(screen, shown)
        elif not (first and await self._edited(screen, shown)):
            await self._replace(screen, shown, tidy=first)

    async def finish(self, screen: Screen, shown: Shown) -> None:
        """After the last prompt: the location keyboard comes or goes, left-over prompts go."""
        choice = render.position(shown)
        if choice is not None and screen.position is None:
            hint = render.message(self._words.position_hint(shown.locale))
            keyboard = render.position_keyboard(choice.label)
            screen.position = await self._post(screen, hint | {"reply_markup": keyboard})
        elif choice is None and screen.position is not None:
            screen.left_over.append(screen.position)
            screen.position = None
        while screen.left_over:
            await self._delete(screen, screen.left_over.pop())

    async def _keep(self, screen: Screen, shown: Shown) -> None:
        # Whoever presses submit twice looks at the receipt already.
        if shown.receipt is None or shown.receipt != screen.receipt:
            tag = self._words.receipt_tag(shown.locale) if shown.receipt else ""
            for part in render.messages(shown, tag):
                await self._post(screen, part)
            screen.receipt = shown.receipt
        older, screen.prompt = screen.prompt, None
        if older is not None and screen.buttons:
            await self._strip(screen, older)

    async def _edited(self, screen: Screen, shown: Shown) -> bool:
        parts = render.messages(shown)
        if screen.current is None or len(parts) > 1:
            return False
        edit = EditMessageText(chat_id=screen.chat, message_id=screen.current, **parts[0])
        try:
            await self._call(edit, screen)
        except Rejected as rejected:
            if _UNCHANGED not in rejected.reason:
                screen.prompt = None
                return False
        screen.holds(shown, parts[0])
        return True

    async def _replace(self, screen: Screen, shown: Shown, *, tidy: bool) -> None:
        older, name, buttons = screen.prompt, screen.name, screen.buttons
        for part in render.messages(shown):
            screen.prompt = await self._post(screen, part)
        screen.holds(shown, part)
        if older is not None and tidy and name == shown.screen:
            await self._delete(screen, older)
        elif older is not None and tidy and buttons:
            await self._strip(screen, older)

    async def _post(self, screen: Screen, parameters: render.Parameters) -> int:
        sent = await self._call(SendMessage(chat_id=screen.chat, **parameters), screen)
        return sent.message_id

    async def _delete(self, screen: Screen, message: int) -> None:
        await self._quietly(DeleteMessage(chat_id=screen.chat, message_id=message), screen)

    async def _strip(self, screen: Screen, message: int) -> None:
        await self._quietly(EditMessageReplyMarkup(chat_id=screen.chat, message_id=message), screen)

    async def _quietly(self, method: TelegramMethod[Any], screen: Screen) -> None:
        """Tidying is tried once: what is left standing is out of date, not wrong."""
        with contextlib.suppress(Rejected, ChannelDown, Throttled):
            await self._call(method, screen)

    async def _call(self, method: TelegramMethod[_Result], screen: Screen) -> _Result:
        await self._pacer.wait(screen.chat)
        return await self._api.call(method, screen.chat)
