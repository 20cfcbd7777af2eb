"""From a prompt in words to the parameters of `sendMessage`, as plain data.

Text goes out without any parse mode: nothing a person wrote can be taken for markup. What is to be
copied by a tap (the receipt) is marked by an entity, counted in UTF-16 units as Telegram does.
"""

from __future__ import annotations

from typing import Any

from bot.channels.contract import Button, Shown
from bot.channels.telegram.decode import button_mark

TEXT_UNITS_MOST = 4096
_BLANK = "…"
_NO_PREVIEW = {"is_disabled": True}

Parameters = dict[str, Any]


def messages(shown: Shown, tag: str = "") -> list[Parameters]:
    """The messages that one prompt becomes, first to last; the buttons are under the last.

    `tag` is a hashtag that goes under a receipt: a tap on it finds all receipts of the chat.
    """
    text = f"{shown.text.strip()}\n\n{tag}" if tag else shown.text
    parts = [message(part, shown.receipt) for part in split(text)]
    keyboard = inline(shown)
    if keyboard:
        parts[-1]["reply_markup"] = {"inline_keyboard": keyboard}
    return parts


def message(text: str, receipt: str | None = None) -> Parameters:
    """One message of at most 4,096 units."""
    parameters: Parameters = {"text": text, "link_preview_options": _NO_PREVIEW}
    at = text.find(receipt) if receipt else -1
    if receipt and at >= 0:
        code = {"type": "code", "offset": units(text[:at]), "length": units(receipt)}
        parameters["entities"] = [code]
    return parameters


def inline(shown: Shown) -> list[list[Parameters]]:
    """The inline keyboard. `position` is not in it: only a reply keyboard can ask for that."""
    mark = button_mark(shown.serial, kept=shown.keep)
    rows = [
        [{"text": one.label, "callback_data": mark + one.id} for one in row if one.kind == "button"]
        for row in shown.rows
    ]
    return [row for row in rows if row]


def position(shown: Shown) -> Button | None:
    """The choice that asks the device where it is, if there is one."""
    return next((one for row in shown.rows for one in row if one.kind == "position"), None)


def position_keyboard(label: str) -> Parameters:
    """The reply keyboard with the one button that sends the position."""
    return {
        "keyboard": [[{"text": label, "request_location": True}]],
        "resize_keyboard": True,
        "one_time_keyboard": True,
    }


def units(text: str) -> int:
    """Length in UTF-16 units, in which Telegram counts."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def split(text: str) -> list[str]:
    """The text in parts that fit a message, parted at the best place there is in each."""
    rest, parts = text.strip(), []
    while 2 * len(rest) > TEXT_UNITS_MOST and units(rest) > TEXT_UNITS_MOST:
        end = _cut(rest)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest or parts else [_BLANK]


def _cut(text: str) -> int:
    """Where to part: after a paragraph, else a line, a sentence, a word; else where it is full."""
    head = text[: _fitting(text)]
    for seam in ("\n\n", "\n", "。", ". ", " "):
        end = head.rfind(seam, len(head) // 2)
        if end >= 0:
            return end + len(seam)
    return len(head)


def _fitting(text: str) -> int:
    """How many letters fit, none of them halved."""
    left = TEXT_UNITS_MOST
    for index, letter in enumerate(text):
        left -= 2 if letter > "\uffff" else 1
        if left < 0:
            return index
    return len(text)
