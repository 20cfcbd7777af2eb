"""What a person can do in any channel, and what can be seen there: the words of the suite.

A channel's own driver knows buttons, sockets and updates; the cases know only this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.dialogue import Message
from locales.catalogue import Catalogues

WAIT_SECONDS = 15.0
CATALOGUES = Catalogues.load()

# The sentence by which a screen is known; some steps ask differently once they were answered.
KNOWN_BY = {
    "menu": ("start.welcome",),
    "category": ("category.ask",),
    "hazard": ("hazard.ask",),
    "location": ("location.ask",),
    "media": ("media.ask", "media.more", "media.full"),
    "description": ("description.ask",),
    "danger": ("danger.ask",),
    "summary": ("summary.title",),
    "receipt": ("receipt.thanks",),
    "remove": ("media.which",),
    "cancel": ("cancel.ask",),
    "resume": ("resume.ask",),
    "anew": ("anew.ask",),
    "language": ("language.ask",),
    "status": ("status.submitted",),
}


@dataclass(frozen=True, slots=True)
class Screen:
    """Something shown: its words, the ids of its choices, and the channel's own name for it."""

    text: str
    choices: tuple[str, ...]
    handle: Any


class Resident(ABC):
    """Somebody in a chat. What is *seen* counts from the last thing that they did."""

    def __init__(self, locale: str) -> None:
        self.locale = locale

    # What a person does

    @abstractmethod
    async def arrives(self) -> None:
        """Come to the chat for the first time."""

    @abstractmethod
    async def leaves(self) -> None:
        """Go away; the chat stays where it is."""

    @abstractmethod
    async def comes_back(self) -> None:
        """Look at the chat again."""

    @abstractmethod
    async def says(self, text: str) -> None:
        """Type something."""

    @abstractmethod
    async def commands(self, name: str, argument: str = "") -> None:
        """Give a command, from the menu of the messenger or the page."""

    @abstractmethod
    async def presses(self, choice: str, on: Screen | None = None, times: int = 1) -> None:
        """Press a button of the newest screen, or of one seen earlier; `times` without waiting."""

    @abstractmethod
    async def is_delivered_again(self) -> None:
        """The channel brings what was said or pressed last once more, as after a lost answer."""

    @abstractmethod
    async def sends(self, *pictures: bytes, caption: str = "") -> None:
        """Send pictures together."""

    @abstractmethod
    async def locates(self, latitude: float, longitude: float) -> None:
        """Share the device's position."""

    @abstractmethod
    async def opens_my_reports(self, receipt: str) -> Screen:
        """Go to *my reports*, and from there to the screen with this receipt's button."""

    # What a person sees

    @abstractmethod
    def shown(self) -> Sequence[Screen]:
        """All that was shown or changed since the last thing done, oldest first."""

    @abstractmethod
    def screen(self) -> Screen:
        """The newest screen with something to press."""

    @abstractmethod
    def copies(self, receipt: str) -> int:
        """How many times this receipt was handed out in the chat as it stands."""

    @abstractmethod
    async def waits_until(self, condition: Callable[[], bool]) -> None:
        """Look until this is so. AssertionError with what is to be seen after `WAIT_SECONDS`."""

    async def sees(self, *sentences: Message | str) -> Screen:
        """Wait until something shown has all of this in it."""
        wanted = [self.words(one) for one in sentences]

        def found() -> Screen | None:
            newest_first = reversed(self.shown())
            return next((one for one in newest_first if all(w in one.text for w in wanted)), None)

        await self.waits_until(lambda: found() is not None)
        screen = found()
        assert screen is not None
        return screen

    async def at(self, name: str, *sentences: Message | str) -> Screen:
        """Wait until the newest screen is this one, and new, with these sentences in it."""
        wanted = [self.words(one) for one in sentences]

        def arrived() -> bool:
            screen = self.screen()
            new = any(one.handle == screen.handle for one in self.shown())
            return new and self.shows(screen, name) and all(one in screen.text for one in wanted)

        await self.waits_until(arrived)
        return self.screen()

    async def loses(self, *sentences: Message) -> None:
        """Wait until the newest screen says none of this any more."""
        gone = [self.words(one) for one in sentences]
        await self.waits_until(lambda: not any(one in self.screen().text for one in gone))

    async def still_at(self, name: str) -> Screen:
        """Wait until the newest screen is this one, new or not."""
        await self.waits_until(lambda: self.shows(self.screen(), name))
        return self.screen()

    def words(self, sentence: Message | str) -> str:
        """A sentence of the catalogue in this person's language."""
        return sentence if isinstance(sentence, str) else CATALOGUES.say(self.locale, sentence)

    def shows(self, screen: Screen, name: str) -> bool:
        """Whether it is the screen of that name."""
        return any(_opening(self.locale, one) in screen.text for one in KNOWN_BY[name])


def _opening(locale: str, sentence: str) -> str:
    """What stands in a sentence whatever is filled in: its longest part between the blanks."""
    blank = "\0"
    values = dict.fromkeys(("category", "most", "at"), blank)
    said = CATALOGUES.say(locale, Message(sentence, values))
    return max(said.split(blank), key=len)
