"""Reads what a GeoReport v2 server answers, JSON or XML, whatever its Content-Type claims.

The standard answers with a list of objects; servers in the field also answer with one object, or
wrap the list in an object. All of them become rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

Row = Mapping[str, Any]

_LISTS = ("service_requests", "errors")
_ROOTS = (*_LISTS, "service_definition")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ATTRIBUTES = ("attributes", "extended_attributes", "attribute")


class Unreadable(ValueError):
    """Neither JSON nor XML of the standard."""


def rows(body: bytes) -> list[Row]:
    """The rows of an answer. Raises `Unreadable`."""
    return _from_xml(_bare(body)) if is_markup(body) else _from_json(_bare(body))


def is_markup(body: bytes) -> bool:
    """Whether this is XML or HTML rather than JSON."""
    return _bare(body).startswith(b"<")


def is_page(body: bytes) -> bool:
    """Whether this is a page for people, as a proxy sends in place of the case system's answer."""
    return _bare(body)[:14].lower().startswith((b"<!doctype html", b"<html"))


def said(body: bytes) -> str:
    """What the standard's error body says, empty where there is none."""
    try:
        first = next(iter(rows(body)), {})
    except Unreadable:
        return ""
    words = first.get("description")
    return words if isinstance(words, str) else ""


def text(row: Row, name: str) -> str:
    """A field that is words or a whole number, as words; empty where it is neither."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def attribute_words(row: Row) -> Iterator[str]:
    """Every word in a row's extended attributes; servers differ in how they nest them."""
    for name in _ATTRIBUTES:
        yield from _words(row.get(name))


def _bare(body: bytes) -> bytes:
    return body.removeprefix(_BYTE_ORDER_MARK).strip()


def _from_json(body: bytes) -> list[Row]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unreadable from None
    if isinstance(value, dict):
        value = next((value[name] for name in _LISTS if name in value), value)
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(row, dict) for row in found):
        raise Unreadable
    return found


def _from_xml(body: bytes) -> list[Row]:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError):
        raise Unreadable from None
    name = _name(root)
    if name not in _ROOTS:
        raise Unreadable
    found = list(root) if name in _LISTS else [root]
    return [{_name(child): _value(child) for child in row} for row in found]


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _value(element: Element) -> str | list[str]:
    """A field's text, or every text in it where it has elements of its own."""
    if len(element):
        return [words.strip() for words in element.itertext() if words.strip()]
    return (element.text or "").strip()


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _words(one)
