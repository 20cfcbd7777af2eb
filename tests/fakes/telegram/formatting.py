"""The text of a call as a reader sees it: markup resolved, surrounding blanks gone."""

from typing import Any

from tests.fakes.telegram.base import Json
from tests.fakes.telegram.markup import MarkupError, parse_html, utf16_length


def formatted(values: Json, field: str) -> Json:
    """The message fields of a call's `text` or `caption`: the text and, if any, its entities.

    Empty for an absent or blank text; MarkupError for markup that cannot be read.
    """
    text, entities = _parsed(values, field)
    lead = utf16_length(text) - utf16_length(text.lstrip())
    text = text.strip()
    if not text:
        return {}
    kept = [moved for entity in entities if (moved := _moved(entity, lead, utf16_length(text)))]
    return {field: text} | ({_entities_field(field): kept} if kept else {})


def _parsed(values: Json, field: str) -> tuple[str, list[Json]]:
    text = str(values.get(field, ""))
    mode = values.get("parse_mode")
    if mode is None:
        return text, list(values.get(_entities_field(field), []))
    if str(mode).lower() != "html":
        raise MarkupError(f"unsupported parse_mode {mode!r}: this server reads HTML alone")
    return parse_html(text)


def _entities_field(field: str) -> str:
    return "entities" if field == "text" else f"{field}_entities"


def _moved(entity: dict[str, Any], lead: int, length: int) -> Json | None:
    start = max(0, entity["offset"] - lead)
    end = min(length, entity["offset"] + entity["length"] - lead)
    return entity | {"offset": start, "length": end - start} if start < end else None
