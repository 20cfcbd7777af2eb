"""The benchmarks' conversation as Telegram posts it: updates with all that real ones carry."""

from __future__ import annotations

import time
from typing import Any

import orjson

from bench.conversation import Said
from bot.core.dialogue import Event, Located, Pressed, Text

Json = dict[str, Any]
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def update(number: int, chat: int, said: Said) -> bytes:
    """One update as it stands on the wire."""
    event = said.event
    if isinstance(event, Pressed):
        return orjson.dumps({"update_id": number, "callback_query": _query(number, chat, event)})
    message = {"message_id": number, "from": _person(chat), "chat": _chat(chat), "date": _now()}
    return orjson.dumps({"update_id": number, "message": message | _content(event)})


def _content(event: Event) -> Json:
    match event:
        case Text(text=text):
            return {"text": text}
        case Located(place=place):
            where = {"latitude": place.latitude, "longitude": place.longitude}
            return {"location": where | {"horizontal_accuracy": 12.5}}
    raise ValueError(f"no update for {event}")


def _query(number: int, chat: int, event: Pressed) -> Json:
    bot = {"id": 700000001, "is_bot": True, "first_name": "随手拍", "username": "suishoupai_bot"}
    data = f"{_base36(event.serial or 0)}|{event.choice}"
    keyboard = [
        [{"text": "消防与疏散", "callback_data": data}],
        [{"text": "返回", "callback_data": "0|back"}],
    ]
    message = {
        "message_id": 17,
        "from": bot,
        "chat": _chat(chat),
        "date": _now(),
        "text": "是哪一类隐患？可以直接发照片、位置或文字。",
        "reply_markup": {"inline_keyboard": keyboard},
    }
    return {
        "id": str(chat * 1000 + number),
        "from": _person(chat),
        "message": message,
        "chat_instance": str(-chat),
        "data": data,
    }


def _person(chat: int) -> Json:
    return {
        "id": chat,
        "is_bot": False,
        "first_name": "三",
        "last_name": "张",
        "language_code": "zh-hans",
    }


def _chat(chat: int) -> Json:
    return {"id": chat, "first_name": "三", "last_name": "张", "type": "private"}


def _now() -> int:
    return int(time.time())


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
