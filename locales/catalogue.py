"""Says a `Message` in a language, out of the gettext catalogues in this folder.

Every ``*.po`` here is a language, read at start without a compiling step, so that a further
language costs one file. Message ids are symbolic (``start.welcome``); where a number picks the
form, ``msgid`` and ``msgid_plural`` are the same id, and ``{count}`` is there to be filled in.
``format.day``, ``format.moment`` and ``format.number`` are CLDR patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from bot.core.dialogue import Message
from config.settings import SettingRefused

FOLDER = Path(__file__).parent
_SHANGHAI = ZoneInfo("Asia/Shanghai")

Value = str | int | float | date | datetime | Message


class Catalogues:
    """All languages. `locales` are pairs of code and the language's own name, the default first."""

    def __init__(self, languages: Mapping[str, Language], default: str) -> None:
        self._languages = languages
        self._default = default
        codes = sorted(languages, key=lambda code: (code != default, code))
        self.locales = tuple((code, _own_name(code)) for code in codes)

    @classmethod
    def load(cls, default: str = "zh", timezone: tzinfo = _SHANGHAI) -> Catalogues:
        """Read every catalogue; moments are told in `timezone`.

        Raises `SettingRefused` if there is no catalogue for `default`.
        """
        found = {path.stem: path for path in sorted(FOLDER.glob("*.po"))}
        if default not in found:
            known = ", ".join(found)
            raise SettingRefused(f"DEFAULT_LOCALE: no language {default!r}; there are {known}.")
        texts = {code: read_texts(path) for code, path in found.items()}
        for code, text in texts.items():
            if code != default:
                text.add_fallback(texts[default])
        return cls({code: Language(code, text, timezone) for code, text in texts.items()}, default)

    def best(self, client_locale: str | None) -> str:
        """The language nearest to what the client says: ``zh-hans-CN`` is zh; unknown, the default.

        Tags are compared without case, ``-`` and ``_`` alike, and shortened from the right.
        """
        codes = {code.lower(): code for code in self._languages}
        parts = re.split("[-_]", client_locale or "")
        tags = ("_".join(parts[:length]).lower() for length in range(len(parts), 0, -1))
        return next((codes[tag] for tag in tags if tag in codes), self._default)

    def say(self, locale: str, message: Message) -> str:
        """The message in words. A sentence that a language lacks is said in the default one."""
        return self.speaking(locale)(message)

    def speaking(self, locale: str) -> Callable[[Message], str]:
        """The same for many messages in one language."""
        return (self._languages.get(locale) or self._languages[self._default]).say


class Language:
    """One language: its sentences, and how it writes dates and numbers."""

    def __init__(self, code: str, texts: GNUTranslations, timezone: tzinfo) -> None:
        self._locale = Locale.parse(code)
        self._texts = texts
        self._timezone = timezone
        self._plain: dict[str, str] = {}
        self._written = lru_cache(maxsize=4096)(self._write)

    def say(self, message: Message) -> str:
        """The message in words of this language."""
        if message.count is not None:
            text = self._texts.ngettext(message.id, message.id, message.count)
            return text.format_map(self._filled(message))
        text = self._plain.get(message.id) or self._remembered(message.id)
        return text.format_map(self._filled(message)) if message.values else text

    def _remembered(self, name: str) -> str:
        text = self._plain[name] = self._texts.gettext(name)
        return text

    def _filled(self, message: Message) -> dict[str, str]:
        filled = {name: self._value(value) for name, value in message.values.items()}
        if message.count is not None:
            filled["count"] = self._written(message.count)
        return filled

    def _value(self, value: Value) -> str:
        # Somebody's own words go in as they are: nothing in them is ever taken for a blank.
        if isinstance(value, str):
            return value
        return self.say(value) if isinstance(value, Message) else self._written(value)

    def _write(self, value: float | date | datetime) -> str:
        if isinstance(value, datetime):
            pattern = self._remembered("format.moment")
            return format_datetime(value, pattern, self._timezone, self._locale)
        if isinstance(value, date):
            return format_date(value, self._remembered("format.day"), self._locale)
        return format_decimal(value, self._remembered("format.number"), self._locale)


def read_texts(path: Path) -> GNUTranslations:
    """The sentences of one ``.po`` file, without its fuzzy ones."""
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=path.stem))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _own_name(code: str) -> str:
    return Locale.parse(code).get_display_name(code) or code
