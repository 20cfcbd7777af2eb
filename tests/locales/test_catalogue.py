"""Sentences by language: dates, numbers, plurals, and other people's words left alone."""

from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copy
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.dialogue import Message
from bot.store.reports import KEPT_SECONDS
from config.settings import SettingRefused
from locales import catalogue
from locales.catalogue import Catalogues

SAID = Catalogues.load()
MIDNIGHT = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)


def test_the_languages_with_their_own_names_the_default_first() -> None:
    assert SAID.locales == (("zh", "中文"), ("en", "English"))
    assert Catalogues.load("en").locales == (("en", "English"), ("zh", "中文"))


def test_a_default_that_is_no_language_is_refused_in_a_sentence() -> None:
    with pytest.raises(SettingRefused, match="DEFAULT_LOCALE: no language 'tlh'; there are en, zh"):
        Catalogues.load("tlh")


@pytest.mark.parametrize(
    ("client", "locale"),
    [
        ("zh-hans-CN", "zh"),
        ("zh_TW", "zh"),
        ("ZH", "zh"),
        ("en-GB", "en"),
        ("EN_us", "en"),
        ("fr", "zh"),
        ("enx", "zh"),
        ("", "zh"),
        ("-", "zh"),
        (None, "zh"),
    ],
)
def test_the_nearest_language(client: str | None, locale: str) -> None:
    assert SAID.best(client) == locale


@given(st.text())
def test_whatever_a_client_says_some_language_is_best(client: str) -> None:
    assert SAID.best(client) in dict(SAID.locales)


@pytest.mark.parametrize(
    ("locale", "value", "written"),
    [
        ("zh", date(2026, 11, 23), "11月23日"),
        ("en", date(2026, 11, 23), "23 Nov"),
        ("zh", date(2026, 1, 3), "1月3日"),
        ("zh", MIDNIGHT, "11月24日 00:05"),
        ("en", MIDNIGHT, "24 Nov, 00:05"),
        ("zh", 2000, "2000"),
        ("en", 2000, "2,000"),
        ("en", 1.5, "1.5"),
        ("zh", "2000-01-01", "2000-01-01"),
        ("zh", Message("menu.back"), "回首页"),
        ("en", Message("plain", {"text": Message("menu.back")}), "Main menu"),
    ],
)
def test_values_are_written_by_language(locale: str, value: str, written: str) -> None:
    assert SAID.say(locale, Message("plain", {"text": value})) == written


def test_moments_are_told_in_the_time_zone_of_the_city() -> None:
    elsewhere = Catalogues.load("zh", ZoneInfo("Europe/London"))
    assert elsewhere.say("zh", Message("plain", {"text": MIDNIGHT})) == "11月23日 16:05"


@pytest.mark.parametrize(
    ("locale", "count", "said"),
    [
        ("en", 1, "1 picture or video received."),
        ("en", 0, "0 pictures or videos received."),
        ("en", 9, "9 pictures or videos received."),
        ("zh", 1, "已收到 1 个照片或视频。"),
        ("zh", 9, "已收到 9 个照片或视频。"),
    ],
)
def test_the_number_picks_the_form(locale: str, count: int, said: str) -> None:
    assert SAID.say(locale, Message("media.have", count=count)) == said


@given(st.text())
def test_somebodys_own_words_go_in_as_they_are(words: str) -> None:
    for locale in ("zh", "en"):
        said = SAID.say(locale, Message("place.both", {"words": words, "position": "{words}"}))
        assert words in said
        assert said.count("{words}") == 1 + words.count("{words}")


@pytest.fixture
def with_a_third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogues:
    """One more file, with one sentence of its own and one that is not certain."""
    for name in ("zh.po", "en.po"):
        copy(catalogue.FOLDER / name, tmp_path)
    (tmp_path / "pt_BR.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "menu.back"\nmsgstr "Início"\n\n'
        '#, fuzzy\nmsgid "menu.report"\nmsgstr "Talvez"\n'
    )
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    return Catalogues.load()


def test_a_further_language_costs_one_file(with_a_third: Catalogues) -> None:
    assert ("pt_BR", "português (Brasil)") in with_a_third.locales
    assert with_a_third.best("pt-br") == "pt_BR"
    assert with_a_third.say("pt_BR", Message("menu.back")) == "Início"


def test_what_a_language_lacks_is_said_in_the_default_one(with_a_third: Catalogues) -> None:
    for name in ("action.cancel", "menu.report"):
        assert with_a_third.say("pt_BR", Message(name)) == SAID.say("zh", Message(name))
    assert with_a_third.say("tlh", Message("menu.back")) == "回首页"


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("privacy.erased", KEPT_SECONDS),
        ("status.unknown", KEPT_SECONDS),
    ],
)
def test_what_is_said_about_keeping_is_what_is_kept(name: str, seconds: int) -> None:
    days = seconds // (24 * 3600)
    for locale in ("zh", "en"):
        assert f"{days} " in SAID.say(locale, Message(name))
