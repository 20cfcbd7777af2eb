"""The parent believes a decoder nothing that cannot be."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from bot.core.errors import MediaRefused
from workers.media.protocol import (
    GREETING,
    LENGTHS,
    MOST_LENGTHS,
    PROTECTIONS,
    BadAnswerError,
    SafeMedia,
    check_lengths,
    pack_answer,
    pack_greeting,
    read_answer,
    read_missing,
)


@pytest.mark.parametrize("count", range(len(PROTECTIONS) + 1))
def test_a_greeting_tells_what_is_missing(count: int) -> None:
    for held in itertools.combinations(PROTECTIONS, count):
        greeting = pack_greeting(held)
        assert len(greeting) == GREETING.size
        assert read_missing(greeting) == tuple(part for part in PROTECTIONS if part not in held)


SAFE = SafeMedia("video", b"body", "video/mp4", b"small", 640, 480, 2.5, (30.5, 111.25))


def through(answer: SafeMedia | MediaRefused) -> SafeMedia:
    packed = pack_answer(answer)
    head, body, thumbnail = check_lengths(packed[: LENGTHS.size])
    rest = packed[LENGTHS.size :]
    assert len(rest) == head + body + thumbnail
    return read_answer(rest[:head], rest[head : head + body], rest[head + body :])


@pytest.mark.parametrize(
    "safe",
    [
        SAFE,
        replace(SAFE, position=None),
        replace(SAFE, kind="picture", content_type="image/jpeg", seconds=None),
        replace(SAFE, content_type="video/webm"),
    ],
)
def test_an_answer_arrives_as_it_left(safe: SafeMedia) -> None:
    assert through(safe) == safe


@pytest.mark.parametrize(
    "reason", ["too_many_pixels", "unsupported", "broken", "too_slow", "no_picture"]
)
def test_a_refusal_arrives_with_its_reason(reason: str) -> None:
    with pytest.raises(MediaRefused) as refused:
        through(MediaRefused(reason))
    assert refused.value.reason == reason


@pytest.mark.parametrize("part", range(3))
def test_lengths_have_a_limit(part: int) -> None:
    lengths = list(MOST_LENGTHS)
    assert check_lengths(LENGTHS.pack(*lengths)) == MOST_LENGTHS
    lengths[part] += 1
    with pytest.raises(BadAnswerError):
        check_lengths(LENGTHS.pack(*lengths))


GOOD = {
    "kind": "picture",
    "content_type": "image/jpeg",
    "size": [1, 1],
    "seconds": None,
    "position": None,
}


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        json.dumps(GOOD | {"kind": "script"}).encode(),
        json.dumps(GOOD | {"content_type": "text/html"}).encode(),
        json.dumps(GOOD | {"content_type": ["image/jpeg"]}).encode(),
        json.dumps(GOOD | {"size": [1]}).encode(),
        json.dumps(GOOD | {"size": "big"}).encode(),
        json.dumps(GOOD | {"position": [1]}).encode(),
        json.dumps(GOOD | {"position": "here"}).encode(),
        json.dumps({"refused": "because"}).encode(),
        json.dumps({"refused": ["broken"]}).encode(),
    ],
)
def test_nonsense_is_no_answer(head: bytes) -> None:
    assert read_answer(json.dumps(GOOD).encode(), b"body", b"small").kind == "picture"
    with pytest.raises(BadAnswerError):
        read_answer(head, b"body", b"small")


@pytest.mark.parametrize(("body", "thumbnail"), [(b"", b"small"), (b"body", b"")])
def test_an_answer_without_content_is_none(body: bytes, thumbnail: bytes) -> None:
    with pytest.raises(BadAnswerError):
        read_answer(json.dumps(GOOD).encode(), body, thumbnail)
