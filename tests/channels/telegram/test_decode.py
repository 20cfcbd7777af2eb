"""One update in, one expected event out; and whatever the JSON, nothing raised."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.channels.contract import MEDIA_BYTES_MOST
from bot.channels.telegram.decode import button_mark, decode
from bot.core.dialogue import (
    Attached,
    Attachment,
    Command,
    Event,
    Incoming,
    Located,
    Opened,
    Pressed,
    Text,
    Unknown,
)
from bot.core.report import Place

HERE = {"latitude": 30.7, "longitude": 111.3}
PRIVATE = {"id": 42, "type": "private", "first_name": "小明"}
SENDER = {"id": 42, "is_bot": False, "first_name": "小明", "language_code": "zh-hans"}


def photo(size: int = 100) -> list[dict[str, Any]]:
    return [
        {"file_id": "small", "file_unique_id": "a", "width": 90, "height": 60, "file_size": 10},
        {
            "file_id": "large",
            "file_unique_id": "b",
            "width": 1280,
            "height": 853,
            "file_size": size,
        },
        {"file_id": "middle", "file_unique_id": "c", "width": 320, "height": 213, "file_size": 50},
    ]


def document(mime: str | None, size: int = 100) -> dict[str, Any]:
    kind = {} if mime is None else {"mime_type": mime}
    return {"file_id": "file", "file_unique_id": "d", "file_size": size, **kind}


def attached(
    source: str, size: int | None = 100, refused: str | None = None, *, video: bool = False
) -> Attached:
    asked = video or source.startswith("video")
    return Attached((Attachment("", source, size, refused, asked),))


def said(**content: object) -> dict[str, Any]:
    head = {"message_id": 5, "date": 1, "chat": PRIVATE, "from": SENDER}
    return {"update_id": 900, "message": head | content}


def pressed(data: object, **message: object) -> dict[str, Any]:
    carrier = {"message_id": 6, "date": 1, "chat": PRIVATE} | message
    query = {"id": "77", "from": SENDER, "message": carrier, "data": data}
    return {"update_id": 900, "callback_query": query}


def nameless(event: Event) -> Event:
    """Without the random ids of attachments."""
    if isinstance(event, Attached):
        return Attached(tuple(replace(one, id="") for one in event.attachments), event.caption)
    return event


SAID: list[tuple[dict[str, Any], Event]] = [
    ({"text": "路灯坏了"}, Text("路灯坏了")),
    ({"text": "/report"}, Command("report")),
    ({"text": "/Start@suishoupai_bot site-17"}, Command("start", "site-17")),
    ({"text": "/status  ABCD-1234\n"}, Command("status", "ABCD-1234")),
    ({"text": "/ 3号楼"}, Text("/ 3号楼")),
    ({"text": "/3/4单元"}, Text("/3/4单元")),
    ({"text": ""}, Text("")),
    ({"location": HERE}, Located(Place(30.7, 111.3))),
    ({"location": {"latitude": 0, "longitude": 0}}, Located(Place(0.0, 0.0))),
    ({"location": {"latitude": 91, "longitude": 0}}, Unknown()),
    ({"location": {"latitude": True, "longitude": 0}}, Unknown()),
    (
        {"location": HERE, "venue": {"location": HERE, "title": "万达广场", "address": "沿江大道"}},
        Located(Place(30.7, 111.3, "万达广场, 沿江大道")),
    ),
    (
        {"location": HERE, "venue": {"location": HERE, "title": "万达广场", "address": ""}},
        Located(Place(30.7, 111.3, "万达广场")),
    ),
    ({"photo": photo()}, attached("photo:large")),
    (
        {"photo": photo(), "caption": "消防通道"},
        replace(attached("photo:large"), caption="消防通道"),
    ),
    ({"photo": []}, Unknown()),
    ({"video": document("video/mp4")}, attached("video:file")),
    ({"video_note": document(None)}, attached("video_note:file")),
    (
        {"animation": document("video/mp4"), "document": document("video/mp4")},
        attached("animation:file"),
    ),
    ({"document": document("image/heic")}, attached("document:file")),
    ({"document": document("video/quicktime")}, attached("document:file", video=True)),
    ({"document": document("application/octet-stream")}, attached("document:file")),
    ({"document": document(None)}, attached("document:file")),
    ({"document": document("application/pdf")}, attached("document:file", refused="unsupported")),
    (
        {"video": document("video/mp4", MEDIA_BYTES_MOST)},
        attached("video:file", MEDIA_BYTES_MOST),
    ),
    (
        {"video": document("video/mp4", MEDIA_BYTES_MOST + 1)},
        attached("video:file", MEDIA_BYTES_MOST + 1, "too_large"),
    ),
    ({"video": {"file_id": "file"}}, attached("video:file", None)),
    ({"sticker": document(None)}, Unknown()),
    ({"voice": document("audio/ogg")}, Unknown()),
    ({"contact": {"phone_number": "1", "first_name": "x"}}, Unknown()),
    ({"something_from_next_year": {}}, Unknown()),
]


@pytest.mark.parametrize(("content", "event"), SAID)
def test_what_is_said_becomes_its_event(content: dict[str, Any], event: Event) -> None:
    received = decode(said(**content))
    assert received is not None
    assert received.incoming is not None
    named = replace(received.incoming, event=nameless(received.incoming.event))
    assert named == Incoming("telegram", "42", "900", event, "zh-hans")
    assert (received.message, received.editable, received.query) == (5, False, None)


PRESSED: list[tuple[object, Event]] = [
    (button_mark(7, kept=False) + "category:fire", Pressed("category:fire", 7)),
    (button_mark(0, kept=False) + "on", Pressed("on", 0)),
    (button_mark(36**11, kept=False) + "x" * 40, Pressed("x" * 40, 36**11)),
    ("", Opened()),
    ("|", Opened()),
    ("7|", Opened()),
    ("|on", Opened()),
    ("-7|on", Opened()),
    ("1_0|on", Opened()),
    ("７|on", Opened()),
    ("7|" + "x" * 41, Opened()),
    ("1234567890123|on", Opened()),
    ("7|two words", Opened()),
    (None, Opened()),
    (["7|on"], Opened()),
]


@pytest.mark.parametrize(("data", "event"), PRESSED)
def test_a_press_becomes_its_choice_and_forgeries_show_where_we_are(
    data: object, event: Event
) -> None:
    received = decode(pressed(data))
    assert received is not None
    assert received.incoming == Incoming("telegram", "42", "900", event, "zh-hans")
    assert (received.message, received.editable, received.query) == (6, True, "77")


@pytest.mark.parametrize(
    "update",
    [
        pressed(button_mark(7, kept=True) + "status:x"),
        pressed(button_mark(7, kept=False) + "on", date=0),
    ],
)
def test_kept_messages_and_lost_ones_are_not_to_be_edited(update: dict[str, Any]) -> None:
    received = decode(update)
    assert received is not None
    assert not received.editable


def test_callback_data_fits_a_button() -> None:
    data = button_mark(2**53, kept=True) + "x" * 40
    assert len(data.encode()) <= 64


def test_an_attachment_has_a_name_of_its_own_each_time() -> None:
    names = set()
    for _ in range(2):
        received = decode(said(photo=photo()))
        assert received is not None
        assert received.incoming is not None
        assert isinstance(received.incoming.event, Attached)
        names.add(received.incoming.event.attachments[0].id)
    assert len(names) == 2
    assert {len(name) for name in names} == {22}


def test_groups_have_no_conversation() -> None:
    received = decode(said(text="/report", chat={"id": -7, "type": "group", "title": "x"}))
    assert received is not None
    assert (received.chat, received.incoming) == ("-7", None)


@pytest.mark.parametrize(
    "update",
    [
        None,
        [],
        {},
        {"update_id": "900"},
        {"update_id": 900},
        {"update_id": 900, "message": None},
        {"update_id": 900, "message": {"text": "no chat"}},
        {"update_id": 900, "message": {"chat": {"id": "42"}, "text": "x"}},
        {"update_id": 900, "edited_message": said(text="x")["message"]},
        {"update_id": 900, "my_chat_member": {"new_chat_member": {"status": "kicked"}}},
        {"update_id": 900, "callback_query": {"id": "1", "from": SENDER}},
        said(pinned_message={}),
        said(message_auto_delete_timer_changed={}),
    ],
)
def test_what_is_of_no_use_is_nothing(update: object) -> None:
    assert decode(update) is None


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from([*said()["message"], "text", "photo", "location", "venue", "document"])
KEYS |= st.sampled_from(["file_id", "latitude", "longitude", "title", "mime_type", "file_size"])
KEYS |= st.sampled_from(["id", "type", "data", "message", "language_code", "video", "caption"])
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6)
)


@given(JSON)
def test_no_json_makes_it_raise(anything: object) -> None:
    decode(anything)


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_no_message_makes_it_raise(content: dict[str, Any]) -> None:
    decode(said(**content))


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_no_press_makes_it_raise(content: dict[str, Any]) -> None:
    decode({"update_id": 1, "callback_query": {"id": "1", "message": content} | content})
