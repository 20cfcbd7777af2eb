"""Telegram's HTML: which tags it knows, and text with entities in UTF-16 units, as it keeps them.

Stricter than Telegram in one point: a bare `&` or `>` is refused, since the documentation asks for
all three to be escaped.
"""

import html
import re

from tests.fakes.telegram.base import Json

_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<tag>[a-zA-Z][\w-]*)(?P<attributes>(?:\s+[\w-]+(?:=(?:\"[^\"<>]*\"|'[^'<>]*'))?)*)\s*>"
    r"|(?P<escape>&(?:#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);)"
    r"|(?P<text>[^<>&]+)"
)
_ATTRIBUTE = re.compile(r"([\w-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'))?")
_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_ALLOWED = {
    "span": {"class"},
    "a": {"href"},
    "code": {"class"},
    "blockquote": {"expandable"},
    "tg-emoji": {"emoji-id"},
}
_NEEDED = {"span": "class", "a": "href", "tg-emoji": "emoji-id"}


class MarkupError(ValueError):
    """HTML that Telegram would not take; the text is Telegram's."""


def utf16_length(text: str) -> int:
    """Length in the units of an entity's offset."""
    return len(text.encode("utf-16-le")) // 2


class _Parser:
    def __init__(self) -> None:
        self.text = ""
        self.entities: list[Json] = []
        self._open: list[tuple[str, Json]] = []

    def feed(self, source: str) -> None:
        position = 0
        while position < len(source):
            token = _TOKEN.match(source, position)
            if token is None:
                raise MarkupError(f"can't parse entities: {source[position]!r} is not escaped")
            self._take(token)
            position = token.end()
        if self._open:
            raise MarkupError(f"can't parse entities: Can't find end tag of {self._open[-1][0]!r}")

    def _take(self, token: re.Match[str]) -> None:
        if token["tag"] is None:
            self.text += token["text"] or html.unescape(token["escape"])
        elif token["close"]:
            self._end(token["tag"].lower())
        else:
            self._start(token["tag"].lower(), token["attributes"])

    def _start(self, tag: str, source: str) -> None:
        if tag not in _TAGS:
            raise MarkupError(f'can\'t parse entities: Unsupported start tag "{tag}"')
        attributes = {name: one or two for name, one, two in _ATTRIBUTE.findall(source)}
        unknown = attributes.keys() - _ALLOWED.get(tag, set())
        needed = _NEEDED.get(tag)
        if unknown or (needed and not attributes.get(needed)):
            raise MarkupError(f'can\'t parse entities: wrong attributes of tag "{tag}"')
        self._open.append((tag, _entity(tag, attributes) | {"offset": utf16_length(self.text)}))

    def _end(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise MarkupError(f'can\'t parse entities: Unexpected end tag "{tag}"')
        entity = self._open.pop()[1]
        entity["length"] = utf16_length(self.text) - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)


def _entity(tag: str, attributes: dict[str, str]) -> Json:
    entity: Json = {"type": _TAGS[tag]}
    if tag == "a":
        entity["url"] = html.unescape(attributes["href"])
    if tag == "tg-emoji":
        entity["custom_emoji_id"] = attributes["emoji-id"]
    if "expandable" in attributes:
        entity["type"] = "expandable_blockquote"
    return entity


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Text and its entities, ordered by offset; MarkupError for HTML that is not Telegram's."""
    parser = _Parser()
    parser.feed(source)
    return parser.text, sorted(parser.entities, key=lambda entity: int(entity["offset"]))
