"""Frame in, event out: what the page may say, and where the limits lie."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bot.channels.contract import MEDIA_BYTES_MOST, Shown
from bot.channels.webchat import frames, limits
from bot.channels.webchat.frames import Malformed
from bot.core.dialogue import Attached, Attachment, Command, Located, Opened, Pressed, Text
from bot.core.report import Place

ID = "A" * 22
SOURCE = f"{ID}.{'k' * 43}"
FILE = {"id": ID, "source": SOURCE, "size": 5}

UNDERSTOOD: list[tuple[dict[str, Any], object]] = [
    ({"type": "text", "text": "消防通道"}, Text("消防通道")),
    ({"type": "press", "choice": "go"}, Pressed("go", None)),
    ({"type": "press", "choice": "go", "serial": 7}, Pressed("go", 7)),
    ({"type": "press", "choice": "x" * 40}, Pressed("x" * 40, None)),
    ({"type": "command", "name": "reports"}, Command("reports", "")),
    ({"type": "command", "name": "language", "argument": "en"}, Command("language", "en")),
    (
        {"type": "located", "latitude": 30.7, "longitude": 111},
        Located(Place(30.7, 111.0, "")),
    ),
    (
        {"type": "located", "latitude": -90, "longitude": 180, "words": "南极"},
        Located(Place(-90.0, 180.0, "南极")),
    ),
    ({"type": "attach", "attachments": [FILE]}, Attached((Attachment(ID, SOURCE, 5),), "")),
    (
        {"type": "attach", "attachments": [FILE] * 9, "caption": "看"},
        Attached((Attachment(ID, SOURCE, 5),) * 9, "看"),
    ),
    (
        {"type": "attach", "attachments": [{**FILE, "size": MEDIA_BYTES_MOST}]},
        Attached((Attachment(ID, SOURCE, MEDIA_BYTES_MOST),), ""),
    ),
    ({"type": "open"}, Opened()),
]

REFUSED: list[dict[str, Any]] = [
    {},
    {"type": "dance"},
    {"type": None},
    {"type": "text"},
    {"type": "text", "text": 5},
    {"type": "press", "choice": "x" * 41},
    {"type": "press", "choice": "字" * 14},
    {"type": "press", "choice": "go", "serial": "7"},
    {"type": "press", "choice": "go", "serial": True},
    {"type": "command", "name": "Reports"},
    {"type": "command", "name": "a" * 33},
    {"type": "command", "name": "language", "argument": "x" * 65},
    {"type": "located", "latitude": 90.1, "longitude": 0},
    {"type": "located", "latitude": 0, "longitude": -180.1},
    {"type": "located", "latitude": "1", "longitude": 0},
    {"type": "located", "latitude": None, "longitude": 0},
    {"type": "located", "latitude": float("inf"), "longitude": 0},
    {"type": "located", "latitude": float("nan"), "longitude": 0},
    {"type": "located", "latitude": 0, "longitude": 0, "words": "x" * 201},
    {"type": "attach"},
    {"type": "attach", "attachments": []},
    {"type": "attach", "attachments": [FILE] * 10},
    {"type": "attach", "attachments": ["x"]},
    {"type": "attach", "attachments": [{**FILE, "size": 0}]},
    {"type": "attach", "attachments": [{**FILE, "size": MEDIA_BYTES_MOST + 1}]},
    {"type": "attach", "attachments": [{**FILE, "size": 5.5}]},
    {"type": "attach", "attachments": [{**FILE, "source": "../../etc/passwd"}]},
    {"type": "attach", "attachments": [{**FILE, "source": SOURCE + "A"}]},
    {"type": "attach", "attachments": [{**FILE, "id": "B" * 22}]},
    {"type": "attach", "attachments": [FILE], "caption": None},
]


@pytest.mark.parametrize(("frame", "event"), UNDERSTOOD)
def test_what_the_page_says_becomes_an_event(frame: dict[str, Any], event: object) -> None:
    assert frames.event(frame) == event


@pytest.mark.parametrize("frame", REFUSED)
def test_what_no_page_says_is_refused(frame: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        frames.event(frame)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"5", b"null", b'"x"', b"\xff", b"{}x"])
def test_only_an_object_is_a_frame(data: bytes) -> None:
    with pytest.raises(Malformed):
        frames.parsed(data)


def test_a_message_is_called_by_letters_and_digits() -> None:
    assert frames.identifier({"id": "a-Z_0" + "x" * 59}) == "a-Z_0" + "x" * 59
    for name in ("", "x" * 65, "a b", "ä", 5, None, "a\n"):
        with pytest.raises(Malformed):
            frames.identifier({"id": name})


def test_fifty_receipts_may_come_along() -> None:
    assert frames.receipts({}) == ()
    assert frames.receipts({"receipts": ["x" * 40] * 50}) == ("x" * 40,) * 50
    refused: list[object] = [["x"] * 51, ["x" * 41], "x", [5], {}]
    for given in refused:
        with pytest.raises(Malformed):
            frames.receipts({"receipts": given})


def test_two_hundred_notices_may_be_seen_at_once() -> None:
    assert frames.seen({"seen": ["n"] * 200}) == ("n",) * 200
    for given in (["n"] * 201, ["x" * (limits.WORDS_MOST + 1)], None):
        with pytest.raises(Malformed):
            frames.seen({"seen": given})


def test_links_come_with_pictures_only() -> None:
    plain, pictured = Shown("menu", "t", "zh"), Shown("media", "t", "zh", media=("m1", "m2"))

    def link(media: str, thumbnail: bool) -> str:
        return f"/{media}/{thumbnail}"

    assert "links" not in orjson.loads(frames.answered("1", (plain,), link))
    answer = orjson.loads(frames.answered(None, (plain, pictured), link))
    assert answer["links"] == {"m1": "/m1/True", "m2": "/m2/True"}
    assert "ack" not in answer
