"""Conversations at rest: what is written, who wins, and what a thief reads."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.core.dialogue import Attachment, Draft
from bot.core.errors import StoreRefused
from bot.core.report import Answers, Media, Place
from bot.store.connection import Store
from bot.store.conversations import Conversations
from bot.store.drafts import draft_from, written_draft
from bot.store.seen import EVENTS_REMEMBERED

KEY = os.urandom(32)
DRAFT = Draft("zh", "location", answers=Answers(category="fire", description="楼道堆满杂物"))

places = st.builds(
    Place,
    st.floats(-90, 90) | st.none(),
    st.floats(-180, 180) | st.none(),
    st.text(st.characters(codec="utf-8"), max_size=200),
)
media = st.builds(
    Media,
    st.text("ABCabc019-_", min_size=22, max_size=22),
    st.sampled_from(["pending", "ready"]),
)
drafts = st.builds(
    Draft,
    locale=st.sampled_from(["zh", "en"]),
    step=st.sampled_from(["menu", "category", "summary", "receipt"]),
    overlay=st.sampled_from(["", "cancel", "resume", "language", "sound", "remove", "anew"]),
    editing=st.booleans(),
    serial=st.integers(0, 36**3),
    receipt=st.text(max_size=24),
    touched=st.integers(0, 2**40),
    answers=st.builds(
        Answers,
        category=st.none() | st.just("fire"),
        hazard=st.none() | st.just("blocked_exit"),
        place=st.none() | places,
        media=st.lists(media, max_size=9).map(tuple),
        media_done=st.booleans(),
        description=st.text(st.characters(codec="utf-8"), max_size=2000),
        description_done=st.booleans(),
        danger=st.none() | st.booleans(),
        offered=st.none() | places,
        sound=st.none() | st.booleans(),
    ),
    held=st.lists(
        st.builds(
            Attachment,
            st.text("ABCabc019-_", min_size=22, max_size=22),
            st.text(st.characters(codec="utf-8"), max_size=99),
            st.none() | st.integers(0, 2**24),
            video=st.just(True),
        ),
        max_size=9,
    ).map(tuple),
)


@given(drafts)
def test_every_draft_comes_back_as_it_was(draft: Draft) -> None:
    assert draft_from(written_draft(draft)) == draft


async def test_commits_and_loads(store: Store) -> None:
    conversations = Conversations(store, KEY)
    empty = await conversations.load("webchat", "someone")
    assert empty.draft is None
    assert await conversations.commit(empty, DRAFT, "e1", [("SET", "work", "1")])
    loaded = await conversations.load("webchat", "someone")
    assert loaded.draft == DRAFT
    assert loaded.has_seen("e1")
    assert not loaded.has_seen("e2")
    assert await store.read("GET", "work") == b"1"


async def test_the_slower_of_two_commits_changes_nothing(store: Store) -> None:
    conversations = Conversations(store, KEY)
    first = await conversations.load("webchat", "someone")
    second = await conversations.load("webchat", "someone")
    assert await conversations.commit(first, DRAFT, "e1")
    assert not await conversations.commit(
        second, replace(DRAFT, step="menu"), "e2", [("SET", "x", "1")]
    )
    assert (await conversations.load("webchat", "someone")).draft == DRAFT
    assert await store.read("GET", "x") is None


async def test_a_turn_whose_work_fails_half_way_was_none(store: Store) -> None:
    conversations = Conversations(store, KEY)
    conversation = await conversations.load("webchat", "someone")
    await store.write("SET", "no:set", "x")
    with pytest.raises(StoreRefused):
        await conversations.commit(conversation, DRAFT, "e1", [("ZADD", "no:set", 0, "x")])
    assert not (await conversations.load("webchat", "someone")).has_seen("e1")


async def test_remembers_so_many_events_and_no_more(store: Store) -> None:
    conversations = Conversations(store, KEY)
    for number in range(EVENTS_REMEMBERED + 1):
        loaded = await conversations.load("webchat", "someone")
        await conversations.commit(loaded, DRAFT, f"e{number}")
    loaded = await conversations.load("webchat", "someone")
    assert not loaded.has_seen("e0")
    assert all(loaded.has_seen(f"e{number}") for number in range(1, EVENTS_REMEMBERED + 1))


async def test_knows_a_numbered_event_however_many_came_after_it(store: Store) -> None:
    conversations = Conversations(store, KEY)
    for number in range(1000, 1000 + 2 * EVENTS_REMEMBERED):
        loaded = await conversations.load("telegram", "someone")
        assert not loaded.has_seen(str(number))
        await conversations.commit(loaded, DRAFT, str(number))
    loaded = await conversations.load("telegram", "someone")
    assert loaded.draft == DRAFT
    assert all(loaded.has_seen(str(number)) for number in range(1000, 1000 + 64))


async def test_nothing_readable_stands_in_the_store_and_all_of_it_expires(store: Store) -> None:
    conversations = Conversations(store, KEY)
    await conversations.commit(
        await conversations.load("telegram", "123456789"), DRAFT, "update-77"
    )
    keys = await store.read("KEYS", "*")
    raw = b"".join(keys) + b"".join([await store.read("GET", key) for key in keys])
    for secret in (b"123456789", b"telegram", b"fire", "楼道".encode(), b"update-77"):
        assert secret not in raw
    assert [await store.read("TTL", key) > 0 for key in keys] == [True]


async def test_a_conversation_under_a_lost_key_starts_anew(store: Store) -> None:
    await Conversations(store, KEY).commit(
        await Conversations(store, KEY).load("webchat", "a"), DRAFT, "e1"
    )
    [key] = await store.read("KEYS", "*")
    await store.write("SET", key, b"x" * 80)
    loaded = await Conversations(store, KEY).load("webchat", "a")
    assert loaded.draft is None
    assert await Conversations(store, KEY).commit(loaded, DRAFT, "e2")
