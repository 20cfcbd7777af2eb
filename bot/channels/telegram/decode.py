"""From an update as it stands on the wire to an event of the conversation.

Our own, on plain data, because validating a whole `Update` costs more than the turn it starts; and
total, because one update that nobody can read must never hold up the others: whatever the JSON,
`decode` answers and never raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.channels.telegram.attachments import attachment
from bot.core.dialogue import (
    Attached,
    Command,
    Event,
    Incoming,
    Located,
    Opened,
    Pressed,
    Text,
    Unknown,
)
from bot.core.report import Place

CHANNEL = "telegram"
KINDS_WANTED = ("message", "callback_query")

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]+)?(?:\s+(.*))?", re.DOTALL)
_BUTTON = re.compile(r"([0-9a-z]{1,12})([|!])(\S{1,40})")
_LOCALE = re.compile(r"[A-Za-z0-9-]{2,35}")
_LATITUDE_MOST, _LONGITUDE_MOST = 90, 180
_SERVICE = frozenset({
    "pinned_message",
    "message_auto_delete_timer_changed",
    "write_access_allowed",
    "chat_background_set",
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Received:
    """One update, understood.

    `incoming` is None outside private chats, where there is no conversation. `query` is the
    callback query that waits for an answer. `message` is the number of what was sent, or of the
    message whose button was pressed; `editable` says that the latter may show the next prompt: not
    if it is kept, nor if Telegram has it no more.
    """

    update_id: int
    chat: str
    locale: str | None
    incoming: Incoming | None
    query: str | None = None
    message: int = 0
    editable: bool = False


def decode(update: object) -> Received | None:
    """The update, or None where it holds nothing for a conversation or cannot be read."""
    if not isinstance(update, dict) or type(number := update.get("update_id")) is not int:
        return None
    query, message = update.get("callback_query"), update.get("message")
    if isinstance(query, dict):
        return _pressed(number, query)
    if isinstance(message, dict) and not message.keys() & _SERVICE:
        return _said(number, message)
    return None


def _said(number: int, message: dict[str, Any]) -> Received | None:
    chat = _chat(message)
    if chat is None:
        return None
    locale = _locale(message)
    if not _private(message):
        return Received(number, chat, locale, None)
    incoming = Incoming(CHANNEL, chat, str(number), _event(message), locale)
    return Received(number, chat, locale, incoming, message=_number(message))


def _pressed(number: int, query: dict[str, Any]) -> Received | None:
    message, query_id = query.get("message"), query.get("id")
    if not isinstance(message, dict) or not isinstance(query_id, str):
        return None
    chat = _chat(message)
    if chat is None:
        return None
    event, kept = _button(query.get("data"))
    locale = _locale(query)
    incoming = Incoming(CHANNEL, chat, str(number), event, locale) if _private(message) else None
    target = _number(message)
    editable = bool(target and message.get("date") and not kept)
    return Received(number, chat, locale, incoming, query_id, target, editable)


def button_mark(serial: int, *, kept: bool) -> str:
    """What a button sends back before its choice: the serial in base 36, and ``|``.

    ``!`` on a kept message: it travels with the button, so that such a message stays unedited
    after a restart too.
    """
    return _base36(serial) + ("!" if kept else "|")


def _button(data: object) -> tuple[Event, bool]:
    """The press, and whether it was on a kept message; anything forged shows where we are."""
    match = _BUTTON.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        return Opened(), False
    return Pressed(match[3], int(match[1], 36)), match[2] == "!"


def _event(message: dict[str, Any]) -> Event:
    text = message.get("text")
    if isinstance(text, str):
        command = _COMMAND.fullmatch(text)
        return Command(command[1].lower(), (command[2] or "").strip()) if command else Text(text)
    place = _place(message)
    if place is not None:
        return Located(place)
    attached = attachment(message)
    if attached is not None:
        caption = message.get("caption")
        return Attached((attached,), caption if isinstance(caption, str) else "")
    return Unknown()


def _place(message: dict[str, Any]) -> Place | None:
    venue = message.get("venue")
    where = venue.get("location") if isinstance(venue, dict) else message.get("location")
    if not isinstance(where, dict):
        return None
    latitude = _degrees(where.get("latitude"), _LATITUDE_MOST)
    longitude = _degrees(where.get("longitude"), _LONGITUDE_MOST)
    if latitude is None or longitude is None:
        return None
    return Place(latitude, longitude, _venue_words(venue) if isinstance(venue, dict) else "")


def _venue_words(venue: dict[str, Any]) -> str:
    parts = (venue.get("title"), venue.get("address"))
    return ", ".join(part for part in parts if isinstance(part, str) and part)


def _degrees(value: object, most: int) -> float | None:
    usable = type(value) in (int, float) and -most <= value <= most  # type: ignore[operator]
    return float(value) if usable else None  # type: ignore[arg-type]


def _chat(message: dict[str, Any]) -> str | None:
    chat = message.get("chat")
    number = chat.get("id") if isinstance(chat, dict) else None
    return str(number) if type(number) is int else None


def _number(message: dict[str, Any]) -> int:
    number = message.get("message_id")
    return number if type(number) is int else 0


def _private(message: dict[str, Any]) -> bool:
    return bool(message["chat"].get("type") == "private")


def _locale(holder: dict[str, Any]) -> str | None:
    sender = holder.get("from")
    code = sender.get("language_code") if isinstance(sender, dict) else None
    return code if isinstance(code, str) and _LOCALE.fullmatch(code) else None


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
