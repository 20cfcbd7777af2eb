"""The limits that the Bot API states in prose only; a complaint is a sentence with the number."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.fakes.telegram.base import Json, Upload
from tests.fakes.telegram.formatting import formatted
from tests.fakes.telegram.markup import MarkupError

TEXT = 4096
CAPTION = 1024
_LENGTHS = {
    ("answerCallbackQuery", "text"): (0, 200),
    ("setMyDescription", "description"): (0, 512),
    ("setMyShortDescription", "short_description"): (0, 120),
    ("setWebhook", "secret_token"): (1, 256),
}
_RANGES = {
    ("getUpdates", "limit"): (1, 100),
    ("getUpdates", "timeout"): (0, 3600),
    ("setWebhook", "max_connections"): (1, 100),
    ("sendLocation", "latitude"): (-90, 90),
    ("sendLocation", "longitude"): (-180, 180),
    ("sendLocation", "horizontal_accuracy"): (0, 1500),
}
_COUNTS = {("sendMediaGroup", "media"): (2, 10), ("setMyCommands", "commands"): (0, 100)}
_MEGABYTE = 1 << 20
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_BUTTON_STYLES = {"danger", "success", "primary"}
_BUTTON_LOOKS = {"text", "icon_custom_emoji_id", "style"}
_BUTTONS = 100
_ACTIONS = {
    *("typing", "choose_sticker", "find_location"),
    *(
        f"{verb}_{kind}"
        for verb in ("record", "upload")
        for kind in ("video", "voice", "video_note")
    ),
    *("upload_photo", "upload_document"),
}


def complaints(method: str, parameters: Json) -> list[str]:
    """What is wrong with a call that the schema has already found well formed."""
    return [f"{method}: {sentence}" for rule in _RULES for sentence in rule(method, parameters)]


def _within(name: str, value: float, limits: tuple[int, int], unit: str) -> Iterator[str]:
    low, high = limits
    if not low <= value <= high:
        yield f"{name} has {value:,} {unit}, allowed are {low:,} to {high:,}"


def _sizes(method: str, parameters: Json) -> Iterator[str]:
    for name, value in parameters.items():
        key = (method, name)
        if key in _LENGTHS:
            yield from _within(name, len(value), _LENGTHS[key], "characters")
        if key in _COUNTS:
            yield from _within(name, len(value), _COUNTS[key], "entries")
        if key in _RANGES:
            yield from _within(name, value, _RANGES[key], "as its value")


def _texts(method: str, parameters: Json) -> Iterator[str]:
    if method in {"sendMessage", "editMessageText"}:
        yield from _text(parameters, "text", (1, TEXT))
    if "caption" in parameters:
        yield from _text(parameters, "caption", (0, CAPTION))
    for media in _media(parameters):
        yield from _text(media, "caption", (0, CAPTION))


def _text(values: Json, field: str, limits: tuple[int, int]) -> Iterator[str]:
    try:
        shown = formatted(values, field)
    except MarkupError as error:
        yield str(error)
    else:
        yield from _within(field, len(shown.get(field, "")), limits, "characters")


def _media(parameters: Json) -> list[Json]:
    media = parameters.get("media", [])
    return media if isinstance(media, list) else [media]


def _keyboards(_method: str, parameters: Json) -> Iterator[str]:
    markup = parameters.get("reply_markup", {})
    inline = [button for row in markup.get("inline_keyboard", []) for button in row]
    labels = [button for row in markup.get("keyboard", []) for button in row]
    if len(inline) + len(labels) > _BUTTONS:
        yield f"{len(inline) + len(labels)} buttons, allowed are {_BUTTONS}"
    for button in inline:
        yield from _inline_button(button)
    for label in labels:
        yield from _button_look({"text": label} if isinstance(label, str) else label)
    yield from _hint(markup)


def _hint(markup: Json) -> Iterator[str]:
    if "input_field_placeholder" in markup:
        hint = markup["input_field_placeholder"]
        yield from _within("input_field_placeholder", len(hint), (1, 64), "characters")


def _inline_button(button: Json) -> Iterator[str]:
    yield from _button_look(button)
    if len(button.keys() - _BUTTON_LOOKS) != 1:
        yield f"button {button['text']!r} must do exactly one thing"
    if "callback_data" in button:
        size = len(button["callback_data"].encode())
        yield from _within("callback_data", size, (1, 64), "bytes")
    if "url" in button and not re.match(r"(https?|tg)://\S+", button["url"]):
        yield f"button {button['text']!r} has a wrong URL"


def _button_look(button: Json) -> Iterator[str]:
    if not button["text"].strip():
        yield "a button has no text"
    if button.get("style", "primary") not in _BUTTON_STYLES:
        yield f"button {button['text']!r} has an unknown style"


def _commands(method: str, parameters: Json) -> Iterator[str]:
    for command in parameters.get("commands", []) if method == "setMyCommands" else []:
        if not _COMMAND.fullmatch(command["command"]):
            yield f"command {command['command']!r} is not 1 to 32 of a-z, 0-9 and _"
        yield from _within("description", len(command["description"]), (1, 256), "characters")


def _targets(method: str, parameters: Json) -> Iterator[str]:
    if not method.startswith("editMessage") or "inline_message_id" in parameters:
        return
    if not {"chat_id", "message_id"} <= parameters.keys():
        yield "chat_id and message_id, or inline_message_id, must say which message"


def _words(method: str, parameters: Json) -> Iterator[str]:
    if method == "sendChatAction" and parameters["action"] not in _ACTIONS:
        yield f"unknown action {parameters['action']!r}"
    if not _SECRET.fullmatch(parameters.get("secret_token", "")):
        yield "secret_token may hold A-Z, a-z, 0-9, _ and - only"


def _albums(method: str, parameters: Json) -> Iterator[str]:
    kinds = {item["type"] for item in _media(parameters)} if method == "sendMediaGroup" else set()
    for alone in ("document", "audio"):
        if alone in kinds and len(kinds) > 1:
            yield f"an album with a {alone} can hold nothing else"


def _uploads(_method: str, parameters: Json) -> Iterator[str]:
    for name, value in parameters.items():
        if isinstance(value, Upload):
            limit = (10 if name == "photo" else 50) * _MEGABYTE
            yield from _within(name, len(value.content), (1, limit), "bytes")


_Rule = Callable[[str, dict[str, Any]], Iterable[str]]
_RULES: tuple[_Rule, ...] = (
    _sizes,
    _texts,
    _keyboards,
    _commands,
    _targets,
    _words,
    _albums,
    _uploads,
)
