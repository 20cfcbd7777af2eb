"""The catalogues: the same words in every language, all of them used, none missing."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

import desk
from desk import words
from desk.statuses import RULES, Status, Step

FOLDER = Path(desk.__file__).parent


def catalogue(locale: str) -> Catalog:
    with (FOLDER / "locales" / f"{locale}.po").open("rb") as source:
        return read_po(source, locale=locale)


def messages(locale: str) -> dict[str, Message]:
    return {
        (row.id if isinstance(row.id, str) else row.id[0]): row
        for row in catalogue(locale)
        if row.id
    }


def strings(row: Message) -> list[str]:
    return [row.string] if isinstance(row.string, str) else list(row.string or ())


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def used() -> Iterator[str]:
    """Ids written in the source, and those put together from data."""
    for path in (*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")):
        yield from re.findall(r'"([a-z0-9]+\.(?!html")[a-z_]+)"', path.read_text(encoding="utf-8"))
    yield from (f"status.{status}" for status in Status)
    yield from (f"action.{status}" for rule in RULES.values() for status in rule.following)
    for step in list(Step)[1:]:
        yield from (f"step.{step.name.lower()}", f"due.{step.name.lower()}")
    yield from ("list.open", "list.done", "list.overdue")


@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_word_is_there(locale: str) -> None:
    known = messages(locale)
    assert set(known) == set(messages("zh"))
    for name, row in known.items():
        assert all(strings(row)), name
        assert not row.fuzzy, name


def test_the_same_places_in_every_language() -> None:
    for name, row in messages("zh").items():
        expected = places(strings(row)[0])
        for locale in words.LOCALES:
            for text in strings(messages(locale)[name]):
                # A singular may leave the number out.
                assert places(text) in (expected, expected - {"count"}), (name, locale)


def test_used_words_are_known_and_known_words_are_used() -> None:
    known, wanted = set(messages("zh")), set(used())
    rooms = {name.split(".")[0] for name in known}
    assert known <= wanted
    written = {name for name in wanted if name.split(".")[0] in rooms}
    assert written - known <= {"case.updated"}


def test_plurals() -> None:
    assert words.plural("en", "case.days_late", 1) == "1 day late"
    assert words.plural("en", "case.days_late", 2) == "2 days late"
    assert words.plural("zh", "case.days_late", 2) == "超期 2 天"


def test_words_with_braces_in_their_values_are_left_alone() -> None:
    assert "{x}" in words.text("en", "promise.kept", when="{x}")
