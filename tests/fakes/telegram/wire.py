"""Reads calls as they stand on the wire: query, form, multipart or JSON, request or webhook reply.

Forms carry everything as text, so a parameter's published types decide what the text means.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, ClientResponse, MultipartReader, web

from tests.fakes.telegram.base import Json, Upload
from tests.fakes.telegram.schema import Schema

_ATTACHED = "attach://"


@dataclass
class RawCall:
    """A call's parameters before their types are known, and the files that came along."""

    values: Json = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)


async def read_request(request: web.Request) -> RawCall:
    """Parameters of an incoming call; ValueError when its JSON is broken."""
    raw = RawCall(values=dict(request.query))
    if request.content_type == "application/json":
        body = await request.read()
        raw.values |= _json_object(body)
    else:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                content = value.file.read()
                raw.uploads[name] = Upload(content, value.filename, value.content_type)
            else:
                raw.values[name] = value
    return raw


async def read_reply(response: ClientResponse) -> RawCall:
    """The call that a webhook's answer makes; no values when it makes none."""
    if response.content_type.startswith("multipart/"):
        return await _read_multipart(MultipartReader.from_response(response))
    body = await response.read()
    if response.content_type == "application/x-www-form-urlencoded":
        return RawCall(values=dict(parse_qsl(body.decode(), keep_blank_values=True)))
    if response.content_type == "application/json" and body:
        return RawCall(values=_json_object(body))
    return RawCall()


async def _read_multipart(reader: Any) -> RawCall:
    raw = RawCall()
    async for part in reader:
        if not isinstance(part, BodyPartReader) or not part.name:
            continue
        content = bytes(await part.read(decode=True))
        if part.filename is None:
            raw.values[part.name] = content.decode()
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            raw.uploads[part.name] = Upload(content, part.filename, mime)
    return raw


def _json_object(body: bytes) -> Json:
    if not body:
        return {}
    value = json.loads(body)
    if isinstance(value, dict):
        return value
    raise ValueError("the body is not a JSON object")


def decode(schema: Schema, method: str, raw: RawCall) -> tuple[Json, list[str]]:
    """Parameters as their published types say, and complaints about attached files."""
    named: set[str] = set()
    parameters: Json = {
        name: upload
        for name, upload in raw.uploads.items()
        if "InputFile" in schema.types_of(method, name)
    }
    named |= parameters.keys()
    for name, value in raw.values.items():
        typed = _typed(schema.types_of(method, name), value)
        parameters[name] = _with_uploads(typed, raw.uploads, named)
    complaints = [f"{method}: {name} names no attached file" for name in named - raw.uploads.keys()]
    complaints += [f"{method}: file {name} is not used" for name in raw.uploads.keys() - named]
    return parameters, complaints


def _typed(types: list[str], value: Any) -> Any:
    """Text as Integer, Float, Boolean or JSON where a type asks for it; else as it came."""
    if not isinstance(value, str) or types == ["String"]:
        return value
    if "Boolean" in types and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if any(name not in {"String", "InputFile", "Boolean"} for name in types):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value


def _with_uploads(value: Any, uploads: Mapping[str, Upload], named: set[str]) -> Any:
    """Puts files where `attach://name` stands at the top, and notes every name in depth."""
    if isinstance(value, str) and value.startswith(_ATTACHED):
        name = value.removeprefix(_ATTACHED)
        named.add(name)
        return uploads.get(name, value)
    for inner in value.values() if isinstance(value, dict) else ():
        _with_uploads(inner, uploads, named)
    for inner in value if isinstance(value, list) else ():
        _with_uploads(inner, uploads, named)
    return value
