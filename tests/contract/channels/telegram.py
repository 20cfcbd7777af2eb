"""A resident at Telegram: a private chat on the stand-in Bot API server."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.core.dialogue import Message as Sentence
from tests.contract.channels.driver import WAIT_SECONDS, Resident, Screen
from tests.fakes.telegram import Message, Person, Press, TelegramServer

_BUTTON = re.compile(r"[0-9a-z]+[|!](\S+)")
_CLIENT_LOCALES = {"zh": "zh-hans", "en": "en-GB"}


class AtTelegram(Resident):
    """Somebody with the bot's chat open."""

    def __init__(
        self, locale: str, server: TelegramServer, number: int | None = None, **names: str
    ) -> None:
        super().__init__(locale)
        self._server = server
        self.person: Person = server.person(
            language_code=_CLIENT_LOCALES[locale], number=number, **names
        )
        self._since = 0
        self._last = 0

    async def arrives(self) -> None:
        await self.commands("start")

    async def leaves(self) -> None:
        """A messenger needs no connection to the bot."""

    async def comes_back(self) -> None:
        self._acts()

    async def says(self, text: str) -> None:
        self._acts()
        self._last = self.person.says(text)

    async def commands(self, name: str, argument: str = "") -> None:
        await self.says(f"/{name} {argument}".strip())

    async def presses(self, choice: str, on: Screen | None = None, times: int = 1) -> None:
        screen = on or self.screen()
        self._acts()
        presses = [self._press(choice, screen) for _ in range(times)]
        for press in presses:
            await press.answered(WAIT_SECONDS)
            self._last = press.update_id

    async def is_delivered_again(self) -> None:
        await self._server.drained(WAIT_SECONDS)
        before = self._server.deliveries(self._last)
        self._server.redeliver(self._last)
        await self.waits_until(lambda: self._server.deliveries(self._last) > before)
        await self._server.drained(WAIT_SECONDS)

    def presses_and_looks_away(self, choice: str) -> int:
        """Press without waiting for anything; the number of the update."""
        screen = self.screen()
        self._acts()
        return self._press(choice, screen).update_id

    async def sends(self, *pictures: bytes, caption: str = "") -> None:
        self._acts()
        if len(pictures) == 1:
            self.person.sends_photo(pictures[0], caption)
        else:
            self.person.sends_album(pictures, caption)

    async def sends_file(self, content: bytes, name: str, mime: str) -> None:
        """Send a picture "as file", which Telegram leaves as it is."""
        self._acts()
        self.person.sends_file(content, name, mime)

    async def locates(self, latitude: float, longitude: float) -> None:
        self._acts()
        self.person.sends_location(latitude, longitude)

    async def opens_my_reports(self, receipt: str) -> Screen:
        # The receipts stay in the chat under a hashtag that finds them all.
        await self.commands("reports")
        await self.sees(Sentence("reports.hint.telegram"))
        return _screen(self._with_tag(receipt)[-1])

    def shown(self) -> Sequence[Screen]:
        return [_screen(one) for one in self._from_bot() if one.revision > self._since]

    def screen(self) -> Screen:
        offering = self.screens_with_buttons()
        return offering[-1] if offering else Screen("", (), None)

    def screens_with_buttons(self) -> list[Screen]:
        """All that could be pressed now."""
        return [one for one in map(_screen, self._from_bot()) if one.choices]

    def position_hint(self) -> bool:
        """Whether the message that brings the keyboard for the position stands in the chat."""
        hint = self.words(Sentence("telegram.position_hint"))
        return any(one.text == hint for one in self._from_bot())

    def copies(self, receipt: str) -> int:
        return len(self._with_tag(receipt))

    async def waits_until(self, condition: Callable[[], bool]) -> None:
        try:
            await self._server.world.pulse.until(lambda: condition() or None, WAIT_SECONDS)
        except TimeoutError:
            raise AssertionError(self.person.screen()) from None

    def _press(self, choice: str, screen: Screen) -> Press:
        assert choice in screen.choices, (choice, self.person.screen())
        return self.person.presses(_data(screen.handle, choice), on=screen.handle)

    def _acts(self) -> None:
        self._since = self.person.chat.revision

    def _with_tag(self, receipt: str) -> list[Message]:
        tag = self.words(Sentence("telegram.receipt_tag"))
        return [one for one in self._from_bot() if tag in one.text and receipt in one.text]

    def _from_bot(self) -> list[Message]:
        return [one for one in self.person.messages if one.from_bot]


def _screen(message: Message) -> Screen:
    found = (_BUTTON.fullmatch(data) for data in _all_data(message))
    return Screen(message.text, tuple(one[1] for one in found if one), message)


def _all_data(message: Message) -> list[str]:
    rows = message.data.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row]


def _data(message: Message, choice: str) -> str:
    return next(one for one in _all_data(message) if re.split("[|!]", one, maxsplit=1)[1] == choice)
