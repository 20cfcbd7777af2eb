"""Prompts as messages: lengths in UTF-16 units, entities, keyboards."""

import pytest

from bot.channels.contract import Button, Shown
from bot.channels.telegram.render import TEXT_UNITS_MOST, messages, split, units
from tests.channels.telegram.stage import prompt

RECEIPT = "0123-4567-89AB-CDEF-GHJK"


@pytest.mark.parametrize("letter", ["a", "隐", "🚧"])
def test_a_text_that_just_fits_is_one_message_and_one_more_is_two(letter: str) -> None:
    most = letter * (TEXT_UNITS_MOST // units(letter))
    assert split(most) == [most]
    assert split(most + letter) == [most, letter]


@pytest.mark.parametrize("seam", ["\n\n", "\n", "。", ". ", " "])
def test_a_long_text_is_parted_at_the_best_place(seam: str) -> None:
    first, second = "甲" * 3000, "乙" * 3000
    parts = split(first + seam + second)
    assert parts == [first + seam.strip(), second]


def test_a_seam_near_the_beginning_is_not_worth_a_message() -> None:
    parts = split("短\n\n" + "长" * 5000)
    assert len(parts) == 2
    assert all(units(part) <= TEXT_UNITS_MOST for part in parts)
    assert "".join(parts).replace("\n\n", "") == "短" + "长" * 5000


def test_nothing_to_say_is_still_a_message() -> None:
    assert split(" \n") == ["…"]


def test_buttons_stand_under_the_last_part_only() -> None:
    parts = messages(prompt("字" * 5000, "on"))
    assert ["reply_markup" in part for part in parts] == [False, True]


def test_the_receipt_is_marked_where_telegram_counts_it() -> None:
    shown = Shown("receipt", f"🚧 收到：{RECEIPT}。", "zh", keep=True, receipt=RECEIPT)
    (part,) = messages(shown, "#随手拍回执")
    assert part["entities"] == [{"type": "code", "offset": 6, "length": len(RECEIPT)}]
    assert part["text"].endswith("\n\n#随手拍回执")


def test_nobodys_words_are_taken_for_markup() -> None:
    (part,) = messages(prompt("<b>1 & 2</b> *x* [a](b)"))
    assert part["text"] == "<b>1 & 2</b> *x* [a](b)"
    assert "parse_mode" not in part


def test_the_position_is_no_inline_button() -> None:
    rows = ((Button("here", "位置", "position"),), (Button("back", "返回"),))
    (part,) = messages(Shown("location", "在哪里？", "zh", rows, serial=36))
    keyboard = part["reply_markup"]["inline_keyboard"]
    assert keyboard == [[{"text": "返回", "callback_data": "10|back"}]]
