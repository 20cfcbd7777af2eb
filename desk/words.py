"""The words people read: one gettext catalogue a language in `locales`, by symbolic id.

A further language costs one file: `locales/<locale>.po`.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

_FOLDER = Path(__file__).with_name("locales")

LOCALES = tuple(sorted(path.stem for path in _FOLDER.glob("*.po")))


@cache
def _catalogues() -> Mapping[str, Translations]:
    return {locale: _load(_FOLDER / f"{locale}.po") for locale in LOCALES}


def _load(path: Path) -> Translations:
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=path.stem))
    compiled.seek(0)
    return Translations(compiled)


def text(locale: str, message: str, **values: object) -> str:
    """The words for a message id, with `{name}` places filled in."""
    return _catalogues()[locale].gettext(message).format(**values)


def plural(locale: str, message: str, count: int, **values: object) -> str:
    """The same for a counted thing; `{count}` is filled in too."""
    words = _catalogues()[locale].ngettext(message, message, count)
    return words.format(count=count, **values)


def day_and_time(locale: str, when: datetime) -> str:
    return _by_pattern(locale, "format.day_and_time", when)


def full_time(locale: str, when: datetime) -> str:
    return _by_pattern(locale, "format.full_time", when)


def day(locale: str, when: datetime) -> str:
    return _by_pattern(locale, "format.day", when)


def _by_pattern(locale: str, message: str, when: datetime) -> str:
    return format_datetime(when, _catalogues()[locale].gettext(message), locale=locale)
