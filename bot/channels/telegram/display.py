"""One chat as the person sees it: what stands on the screen, and what is to come.

The rules: a press edits the message that carried the button; what was typed or sent gets a new
message beneath it, and the older prompt loses its buttons (or goes, if it was the same screen); a
kept message is never touched. All of it lives in memory and may be lost: then an older prompt
keeps its buttons, and pressing one shows where the conversation is.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

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
from bot.channels.telegram.pacing import Pacer
from bot.channels.telegram.words import Words
from bot.core.errors import ChannelDown, Unreachable

_UNCHANGED = "message is not modified"


@dataclass(slots=True)
class Screen:
    """What is known of one chat. `prompt` is the newest prompt's message with `name` on it and
    perhaps `buttons`; `buried` once the person wrote beneath it; `position` is the message that
    brought the location keyboard.
    """

    chat: int
    prompt: int | None = None
    name: str = ""
    buttons: bool = True
    buried: bool = True
    position: int | None = None
    left_over: list[int] = field(default_factory=list)

    def spoke(self) -> None:
        """The person typed or sent something."""
        self.buried = True

    def pressed(self, message: int | None) -> None:
        """The person pressed a button of `message`, or of one that may not be edited (None)."""
        if message is None:
            self.buried = True
            return
        if message != self.prompt:
            if self.prompt is not None:
                self.left_over.append(self.prompt)
            self.prompt, self.name, self.buttons = message, "", True
        self.buried = False


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
        elif first and await self._edited(screen, shown):
            pass
        else:
            await self._replace(screen, shown, tidy=first)
        await self._position(screen, shown)
        while screen.left_over:
            await self._quietly(self._deleting(screen, screen.left_over.pop()), screen)

    async def _keep(self, screen: Screen, shown: Shown) -> None:
        older, screen.prompt = screen.prompt, None
        await self._send(screen, shown)
        if older is not None and screen.buttons:
            await self._quietly(self._stripping(screen, older), screen)

    async def _edited(self, screen: Screen, shown: Shown) -> bool:
        parts = render.messages(shown)
        if screen.buried or screen.prompt is None or len(parts) > 1:
            return False
        edit = EditMessageText(chat_id=screen.chat, message_id=screen.prompt, **parts[0])
        try:
            await self._call(edit, screen)
        except Rejected as rejected:
            if _UNCHANGED not in rejected.reason:
                return False
        screen.name, screen.buttons = shown.screen, "reply_markup" in parts[0]
        return True

    async def _replace(self, screen: Screen, shown: Shown, *, tidy: bool) -> None:
        older, name, buttons = screen.prompt, screen.name, screen.buttons
        screen.prompt = await self._send(screen, shown)
        screen.name, screen.buttons = shown.screen, bool(render.inline(shown))
        screen.buried = False
        if older is None or not tidy:
            return
        if name == shown.screen:
            await self._quietly(self._deleting(screen, older), screen)
        elif buttons:
            await self._quietly(self._stripping(screen, older), screen)

    async def _send(self, screen: Screen, shown: Shown) -> int:
        tag = self._words.receipt_tag(shown.locale) if shown.receipt and shown.keep else ""
        for part in render.messages(shown, tag):
            sent = await self._call(SendMessage(chat_id=screen.chat, **part), screen)
        return sent.message_id

    async def _position(self, screen: Screen, shown: Shown) -> None:
        """Bring the location keyboard, or take it away with the message that brought it."""
        choice = render.position(shown)
        if choice is not None and screen.position is None:
            hint = render.message(self._words.position_hint(shown.locale))
            keyboard = render.position_keyboard(choice.label)
            sending = SendMessage(chat_id=screen.chat, reply_markup=keyboard, **hint)
            screen.position = (await self._call(sending, screen)).message_id
        elif choice is None and screen.position is not None:
            gone, screen.position = screen.position, None
            await self._quietly(self._deleting(screen, gone), screen)

    async def _call[Result](self, method: TelegramMethod[Result], screen: Screen) -> Result:
        await self._pacer.wait()
        return await self._api.call(method, screen.chat)
