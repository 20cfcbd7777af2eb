"""The standard's two formats from one value: rows as JSON arrays, or as XML elements.

A list named `services` becomes `<services><service>…`; a missing value is null or an empty element.
"""

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import orjson
from aiohttp import web

_ITEMS: Mapping[str, str] = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refusal(Exception):
    """A request that the standard's error body answers; `code` is the HTTP status."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


def answer(kind: str, root: str, value: object, status: int = 200) -> web.Response:
    """`kind` is json or xml; `root` names the XML root and stands nowhere in JSON."""
    if kind == "xml":
        body = ElementTree.tostring(_element(root, value), encoding="UTF-8", xml_declaration=True)
        return web.Response(body=body, status=status, content_type="text/xml", charset="utf-8")
    return web.Response(
        body=orjson.dumps(value),
        status=status,
        content_type="application/json",
        charset="utf-8",
    )


def refuse(kind: str, refusal: Refusal) -> web.Response:
    rows = [{"code": refusal.code, "description": refusal.description}]
    return answer(kind, "errors", rows, refusal.code)


def _element(name: str, value: object) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, item) for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        element.extend(_element(_ITEMS[name], item) for item in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _NOT_XML.sub("", str(value))
    return element
