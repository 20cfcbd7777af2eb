"""The few words that only Telegram needs, beside those of the prompts."""

from __future__ import annotations

from collections.abc import Callable

from bot.core.dialogue import Message

COMMANDS = ("report", "reports", "guide", "privacy", "forget", "language", "cancel")


class Words:
    """Sentences by language; a `locale` may be whatever the client says."""

    def __init__(self, say: Callable[[str, Message], str], locales: tuple[str, ...]) -> None:
        self._say = say
        self.locales = locales

    def receipt_tag(self, locale: str) -> str:
        """The hashtag under every receipt: a tap on it lists them all."""
        return self._in(locale, "receipt_tag")

    def position_hint(self, locale: str) -> str:
        """Beside the keyboard that sends the position."""
        return self._in(locale, "position_hint")

    def private_only(self, locale: str | None) -> str:
        """In groups: here is no place for a report."""
        return self._in(locale, "private_only")

    def one_moment(self, locale: str | None) -> str:
        """It takes longer than usual, and nothing need be done about it."""
        return self._in(locale, "one_moment")

    def trouble(self, locale: str | None, told: str) -> str:
        """Nothing came of what was sent: the sentence of that id."""
        return self._say(self._known(locale), Message(told))

    def command(self, locale: str, name: str) -> str:
        """What a command does, for the menu."""
        return self._in(locale, f"command.{name}")

    def _in(self, locale: str | None, name: str) -> str:
        return self._say(self._known(locale), Message(f"telegram.{name}"))

    def _known(self, locale: str | None) -> str:
        language = (locale or "").partition("-")[0].lower()
        return language if language in self.locales else self.locales[0]
