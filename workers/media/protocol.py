"""What goes between the parent and a decoding process, and the result that both speak of.

Greeting, once and before the first answer: a byte for each of `PROTECTIONS`, whether it holds.
Question: ``length`` (4 bytes), ``keep_sound`` (1 byte), the file. Answer: the lengths of three
parts (4 bytes each), then a JSON head, the safe copy, its thumbnail. The parent believes nothing:
every part has an upper length and every field is checked, for a decoder may have been taken over.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bot.core.errors import MediaRefused
from workers.media.limits import MIB, MOST_BYTES

Protection = Literal["network", "files", "calls"]
"""What a decoding process is kept from as far as the kernel allows (see `confinement`)."""

PROTECTIONS: tuple[Protection, ...] = get_args(Protection)

GREETING = struct.Struct(f">{len(PROTECTIONS)}?")
QUESTION = struct.Struct(">I?")
LENGTHS = struct.Struct(">III")
MOST_LENGTHS = (1024, 2 * MOST_BYTES, MIB)
"""Upper lengths of head, safe copy and thumbnail, in bytes."""

Reason = Literal["too_large", "too_many_pixels", "unsupported", "broken", "too_slow", "no_picture"]
_CONTENT_TYPES = {"picture": {"image/jpeg"}, "video": {"video/mp4", "video/webm"}}


@dataclass(frozen=True, slots=True)
class SafeMedia:
    """A copy from which nothing about the sender can be read, and the position that was in it.

    `width` and `height` are those of the upright picture, in pixels; `seconds` is a video's
    duration; `position` is latitude and longitude (WGS84), for the reporter's eyes alone.
    """

    kind: Literal["picture", "video"]
    body: bytes
    content_type: str
    thumbnail: bytes
    width: int
    height: int
    seconds: float | None
    position: tuple[float, float] | None


class BadAnswerError(ValueError):
    """A decoder answered something that no sound decoder would."""


def pack_greeting(held: Collection[Protection]) -> bytes:
    """The greeting of a decoder for which these hold."""
    return GREETING.pack(*(protection in held for protection in PROTECTIONS))


def read_missing(greeting: bytes) -> tuple[Protection, ...]:
    """The protections that do not hold."""
    held = zip(PROTECTIONS, GREETING.unpack(greeting), strict=True)
    return tuple(protection for protection, holds in held if not holds)


def pack_answer(answer: SafeMedia | MediaRefused) -> bytes:
    """The answer as the bytes that a decoder writes."""
    if isinstance(answer, MediaRefused):
        return _packed({"refused": answer.reason}, b"", b"")
    head = {
        "kind": answer.kind,
        "content_type": answer.content_type,
        "size": (answer.width, answer.height),
        "seconds": answer.seconds,
        "position": answer.position,
    }
    return _packed(head, answer.body, answer.thumbnail)


def _packed(head: dict[str, Any], body: bytes, thumbnail: bytes) -> bytes:
    parts = (json.dumps(head).encode(), body, thumbnail)
    return LENGTHS.pack(*map(len, parts)) + b"".join(parts)


def check_lengths(packed: bytes) -> tuple[int, int, int]:
    """The lengths of head, safe copy and thumbnail; BadAnswerError where one is absurd."""
    head, body, thumbnail = LENGTHS.unpack(packed)
    if any(
        length > most for length, most in zip((head, body, thumbnail), MOST_LENGTHS, strict=True)
    ):
        raise BadAnswerError("an answer is longer than it may be")
    return head, body, thumbnail


def read_answer(head: bytes, body: bytes, thumbnail: bytes) -> SafeMedia:
    """The checked answer; raises what the decoder refused, or BadAnswerError."""
    try:
        fields = json.loads(head)
        reason = fields.get("refused")
        if reason is None:
            return _safe_media(fields, body, thumbnail)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadAnswerError("an answer cannot be read") from error
    if reason not in get_args(Reason):
        raise BadAnswerError("an answer has an unknown reason")
    raise MediaRefused(reason)


def _safe_media(fields: dict[str, Any], body: bytes, thumbnail: bytes) -> SafeMedia:
    if fields["content_type"] not in _CONTENT_TYPES[fields["kind"]] or not body or not thumbnail:
        raise BadAnswerError("an answer has the wrong kind")
    width, height = map(int, fields["size"])
    seconds, position = fields["seconds"], fields["position"]
    return SafeMedia(
        kind=fields["kind"],
        body=body,
        content_type=fields["content_type"],
        thumbnail=thumbnail,
        width=width,
        height=height,
        seconds=None if seconds is None else float(seconds),
        position=None if position is None else (float(position[0]), float(position[1])),
    )
