"""The check finds each kind of fault, and nothing in what we ship."""

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.channels.telegram.words import COMMANDS, Words
from bot.core.dialogue import Message
from locales import check
from locales.usage import Usage, known_patterns, read_usage

HEADER = 'msgid ""\nmsgstr "Plural-Forms: nplurals={}; plural={};\\n"\n\n'


def catalogue_of(body: str, locale: str = "en") -> Catalog:
    header = HEADER.format(2, "(n != 1)") if locale == "en" else HEADER.format(1, "0")
    return read_po(BytesIO((header + body).encode()), locale=locale)


def entry(name: str, text: str) -> str:
    return f'msgid "{name}"\nmsgstr "{text}"\n\n'


def faults(en: str, zh: str, *used: str, **filled: set[str]) -> list[str]:
    usage = Usage(
        used=set(used),
        filled={name.replace("_", "."): frozenset(blanks) for name, blanks in filled.items()},
    )
    return check.faults({"en": catalogue_of(en), "zh": catalogue_of(zh, "zh")}, usage)


def test_what_we_ship_has_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main() == 0
    assert capsys.readouterr().out == ""


def test_a_fault_is_one_line_and_the_exit_code_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en.po").write_text(HEADER.format(2, "(n != 1)") + entry("start.gone", "Hello"))
    monkeypatch.setattr(check, "FOLDER", tmp_path)
    assert check.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert "en: missing start.welcome" in lines
    assert "en: unused start.gone" in lines


PLURAL = 'msgid "a.b"\nmsgid_plural "a.b"\nmsgstr[0] "{count}"\n'


@pytest.mark.parametrize(
    ("en", "zh", "found"),
    [
        (entry("a.b", "x"), entry("a.b", "x"), []),
        (entry("a.b", "x"), "", ["zh: missing a.b"]),
        (entry("a.b", "x"), entry("a.b", ""), ["zh: empty a.b"]),
        (entry("a.b", "x"), "#, fuzzy\n" + entry("a.b", "x"), ["zh: fuzzy a.b"]),
        (entry("a.b", "{x} {y}"), entry("a.b", "{y}"), ["zh: {x} is lost in a.b"]),
        (PLURAL + 'msgstr[1] "{count}"\n', PLURAL, []),
        (PLURAL, PLURAL, ["en: empty a.b"]),
        (
            PLURAL + 'msgstr[1] "{count}"\n',
            entry("a.b", "{count}"),
            ["en: plural in one language only: a.b", "zh: plural in one language only: a.b"],
        ),
    ],
)
def test_each_fault_is_found(en: str, zh: str, found: list[str]) -> None:
    assert faults(en, zh, "a.b") == found


def test_sentences_that_nobody_says_are_found() -> None:
    both = entry("a.b", "x") + entry("c.d", "x")
    assert faults(both, both, "a.b") == ["en: unused c.d", "zh: unused c.d"]


def test_blanks_that_nobody_fills_in_are_found() -> None:
    both = entry("a.b", "{name}")
    assert faults(both, both, "a.b", a_b={"name", "more"}) == []
    assert faults(both, both, "a.b", a_b=set()) == [
        "en: {name} is never filled in a.b",
        "zh: {name} is never filled in a.b",
    ]


CODE = '''
"""Says "docstring.only" in passing."""
TABLE = ("guide.first", "other.thing")

class Down(Exception):
    told = "error.down"

def talk(step, count):
    yield Message("start.hello", {"name": step}, count=count)
    yield Message("yes.one" if step else "yes.two")
    yield Message(f"help.{step}")
    yield Message(f"promise.{step}.kept", values)
    yield Message(f"nobody.{step}")
'''


def test_usage_is_read_from_code(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "talk.py").write_text(CODE)
    usage = read_usage({"guide"}, tmp_path)
    said = {"start.hello", "yes.one", "yes.two", "error.down", "help.menu", "help.summary"}
    assert said | {"guide.first", "promise.verify.kept"} <= usage.used
    assert not {"other.thing", "promise.verify.late", "docstring.only"} & usage.used
    assert usage.unknown == {"nobody.{}"}
    assert usage.filled["start.hello"] == {"name", "count"}
    assert usage.filled["yes.one"] == frozenset()
    assert "promise.verify.kept" not in usage.filled


def test_the_hazards_of_the_form_have_their_sentences() -> None:
    patterns = known_patterns()
    assert "hazard.fire" in patterns["hazard.{}"]
    assert "hazard.fire.e_bike" in patterns["hazard.{}.{}"]
    assert "notice.received" not in patterns["notice.{}"]
    assert "notice.reward_paid" in patterns["notice.{}"]
    assert "status.name.waiting" in patterns["status.name.{}"]


def test_the_check_knows_all_words_of_telegram() -> None:
    asked = set()

    def say(locale: str, message: Message) -> str:
        asked.add(message.id)
        return ""

    words = Words(say, ("zh", "en"))
    for name in (
        name
        for name in vars(Words)
        if not name.startswith("_") and name not in ("command", "trouble")
    ):
        getattr(words, name)("zh")
    for told in ("telegram.failed",):
        words.trouble("zh", told)
    for name in COMMANDS:
        words.command("zh", name)
    assert asked == known_patterns()["telegram.{}"]
