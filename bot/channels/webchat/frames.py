"""The socket's language: JSON objects, one per text frame.

The browser says ``{"hello": token, "locale": "zh"}`` first, then, as often as it likes::

    {"id": "<unique>", "type": "text", "text": "…"}
    {"id": …, "type": "press", "choice": "…", "serial": 7}
    {"id": …, "type": "command", "name": "language", "argument": "en"}
    {"id": …, "type": "located", "latitude": 30.7, "longitude": 111.28, "words": ""}
    {"id": …, "type": "attach", "attachments": [{"id", "source", "size", "video"}]}
    {"id": …, "type": "open"}            any of these may carry "receipts": ["…"]
    {"seen": ["<notice id>"]}            these notices need not come again
    {"ping": 1}                          answered with {"pong": 1}

and hears::

    {"ack": "<id>", "shown": [prompt]}   the turn is committed; "links" has the thumbnails' paths
    {"shown": [prompt]}                  the same, unasked
    {"notice": {"id", "text", "locale", "at"}}
    {"error": {"reason", "text", "again"}, "id": "<id>"}   `again`: send the same once more, later
    {"typing": true}                     the turn takes longer than a blink
    {"again": true}                      something may have been missed: open anew
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import msgspec
import orjson

from bot.channels.contract import MEDIA_BYTES_MOST, Shown
from bot.channels.webchat import limits
from bot.core.dialogue import (
    Attached,
    Attachment,
    Command,
    Event,
    Located,
    Opened,
    Pressed,
    Text,
)
from bot.core.report import Place

Frame = dict[str, Any]
PONG = b'{"pong":1}'
TYPING = b'{"typing":true}'
AGAIN = b'{"again":true}'

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_COMMAND = re.compile(r"[a-z_]{1,32}")
_SOURCE = re.compile(r"([A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}")
_RECEIPT_MOST = 40
_NORTH, _EAST = 90, 180


class Malformed(Exception):
    """A frame that no page of ours sends."""


def parsed(data: bytes) -> Frame:
    """The frame as an object. Raises `Malformed`."""
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Malformed from None
    if type(frame) is not dict:
        raise Malformed
    return frame


def identifier(frame: Frame) -> str:
    """What the page calls this message. Raises `Malformed`."""
    name = frame.get("id")
    if type(name) is not str or _IDENTIFIER.fullmatch(name) is None:
        raise Malformed
    return name


def event(frame: Frame) -> Event:
    """What happened, in the conversation's words. Raises `Malformed`."""
    read = _EVENTS.get(frame.get("type", ""))
    if read is None:
        raise Malformed
    return read(frame)


def receipts(frame: Frame) -> tuple[str, ...]:
    """The receipts that came along. Raises `Malformed`."""
    given = frame.get("receipts")
    return () if given is None else _strings(given, limits.RECEIPTS_MOST, _RECEIPT_MOST)


def seen(frame: Frame) -> tuple[str, ...]:
    """The notices that the page has shown. Raises `Malformed`."""
    return _strings(frame.get("seen"), limits.SEEN_MOST, limits.WORDS_MOST)


def answered(name: str | None, shown: Sequence[Shown], link: Callable[[str, bool], str]) -> bytes:
    """Prompts on their way to the page, as the answer to the message `name` or unasked."""
    frame: Frame = {"shown": shown} if name is None else {"ack": name, "shown": shown}
    for prompt in shown:
        if prompt.media:
            links = {media: link(media, True) for one in shown for media in one.media}
            return msgspec.json.encode({**frame, "links": links})
    return msgspec.json.encode(frame)


def trouble(name: str | None, reason: str, words: str, *, again: bool) -> bytes:
    """Why the message `name` was not taken, and whether to send it again."""
    return orjson.dumps({"error": {"reason": reason, "text": words, "again": again}, "id": name})


def _text(frame: Frame) -> Event:
    return Text(_words(frame, "text", limits.FRAME_BYTES_MOST))


def _press(frame: Frame) -> Event:
    choice, serial = _words(frame, "choice", limits.CHOICE_BYTES_MOST), frame.get("serial")
    if len(choice.encode()) > limits.CHOICE_BYTES_MOST or type(serial) not in (int, type(None)):
        raise Malformed
    return Pressed(choice, serial)


def _command(frame: Frame) -> Event:
    name = _words(frame, "name", limits.ARGUMENT_MOST)
    if _COMMAND.fullmatch(name) is None:
        raise Malformed
    return Command(name, _words(frame, "argument", limits.ARGUMENT_MOST, ""))


def _located(frame: Frame) -> Event:
    words = _words(frame, "words", limits.WORDS_MOST, "")
    place = Place(_degrees(frame, "latitude", _NORTH), _degrees(frame, "longitude", _EAST), words)
    return Located(place)


def _attach(frame: Frame) -> Event:
    given = frame.get("attachments")
    if type(given) is not list or not 1 <= len(given) <= limits.ATTACHMENTS_MOST:
        raise Malformed
    caption = _words(frame, "caption", limits.FRAME_BYTES_MOST, "")
    return Attached(tuple(map(_attachment, given)), caption)


def _attachment(given: object) -> Attachment:
    if type(given) is not dict:
        raise Malformed
    name, source = _words(given, "id", limits.WORDS_MOST), _words(given, "source", 100)
    match, size = _SOURCE.fullmatch(source), given.get("size")
    # An id names the safe copy, so nobody may choose one: it has to be that of an upload.
    if match is None or match[1] != name:
        raise Malformed
    if type(size) is not int or not 1 <= size <= MEDIA_BYTES_MOST:
        raise Malformed
    return Attachment(name, source, size, video=given.get("video") is True)


def _open(frame: Frame) -> Event:
    return Opened()


_EVENTS: dict[str, Callable[[Frame], Event]] = {
    "text": _text,
    "press": _press,
    "command": _command,
    "located": _located,
    "attach": _attach,
    "open": _open,
}


def _words(frame: Frame, name: str, most: int, default: str | None = None) -> str:
    value = frame.get(name, default)
    if type(value) is not str or len(value) > most:
        raise Malformed
    return value


def _degrees(frame: Frame, name: str, most: int) -> float:
    value = frame.get(name)
    if not isinstance(value, int | float) or not isfinite(value) or abs(value) > most:
        raise Malformed
    return float(value)


def _strings(given: object, count: int, length: int) -> tuple[str, ...]:
    if type(given) is not list or len(given) > count:
        raise Malformed
    if any(type(one) is not str or len(one) > length for one in given):
        raise Malformed
    return tuple(given)
