"""Fetching: whatever is kept is let go one day, and whoever sent it hears what became of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from obstore.exceptions import BaseError

from bot.bells import Bells
from bot.core.errors import ChannelDown
from bot.replies import ReplyTo, seal_reply
from bot.store.connection import Store
from bot.store.expiry import EXPIRY, UNFINISHED_SECONDS, copies, expires
from bot.store.media import MediaStore
from bot.store.orders import FetchOrder
from bot.store.outbox import Entry, Outbox
from workers.fetching import ATTEMPTS_MOST, Fetching
from workers.media.sanitizer import SafeMedia, Sanitizer

KEY = b"k" * 32
MEDIA = "M" * 22


class Source:
    """A channel's files in memory; `fails` is what fetching one raises."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def fetch(self, source: str) -> bytes:
        if self.fails:
            raise self.fails
        if self.meanwhile:
            await self.meanwhile()
        return b"as it was sent"

    async def forget(self, source: str) -> None:
        return None

    async def close(self) -> None:
        return None


class Safe(Sanitizer):
    """Whose pictures all come out alike, without a process."""

    async def make_safe(self, data: bytes, *, keep_sound: bool = False) -> SafeMedia:
        return SafeMedia("picture", b"safe", "image/jpeg", b"small", 1, 1, None, None)


class Stand:
    """A media worker and its folder, with one picture ordered."""

    def __init__(self, store: Store, folder: Path, bells: Bells) -> None:
        self.store = store
        self.folder = folder
        self.source = Source()
        media = MediaStore.at("", folder)
        sources = {"page": self.source}
        self.fetching = Fetching(store, media, sources, Safe(), bells, key=KEY)
        self.replies = Outbox(store, "replies", KEY)

    async def order(self) -> None:
        to = seal_reply(KEY, ReplyTo("page", "somebody"))
        body = FetchOrder("page", MEDIA, "source", to).written()
        for command in (
            *self.fetching.outbox.add(MEDIA, body),
            *expires(copies(MEDIA), time.time() + UNFINISHED_SECONDS),
        ):
            await self.store.write(*command)

    async def claims(self) -> Entry:
        await self.store.write("ZADD", "outbox:media", "XX", 0, MEDIA)
        [entry] = await self.fetching.outbox.claim(1, 60)
        return entry

    async def discarded(self) -> None:
        """The picture, by the person; and what is past its time goes."""
        for command in expires(copies(MEDIA), time.time()):
            await self.store.write(*command)
        await self.fetching.clean()

    async def listed(self) -> set[str]:
        return {name.decode() for name in await self.store.read("ZRANGE", EXPIRY, 0, -1)}

    @property
    def kept(self) -> list[str]:
        files = (self.folder / "media").rglob("*")
        return sorted(str(one.relative_to(self.folder / "media")) for one in files if one.is_file())


@pytest.fixture
async def stand(store: Store, tmp_path: Path, valkey_url: str) -> AsyncIterator[Stand]:
    bells = Bells(store, valkey_url)
    yield Stand(store, tmp_path, bells)
    await bells.close()


async def test_a_picture_discarded_before_it_came_is_let_go_all_the_same(stand: Stand) -> None:
    await stand.order()
    stand.source.fails = ChannelDown("away")
    with pytest.raises(ChannelDown):
        await stand.fetching.do(await stand.claims())
    await stand.discarded()
    stand.source.fails = None
    await stand.fetching.do(await stand.claims())
    assert set(stand.kept) <= await stand.listed()
    assert stand.kept


async def test_nor_is_it_kept_if_a_colleague_struck_it_off_meanwhile(stand: Stand) -> None:
    await stand.order()
    entry = await stand.claims()
    stand.source.meanwhile = stand.discarded
    await stand.fetching.do(entry)
    assert set(stand.kept) <= await stand.listed()
    assert stand.kept


async def test_what_cannot_be_kept_is_told_in_the_end_and_not_parked(stand: Stand) -> None:
    await stand.order()
    (stand.folder / "media" / "safe").write_bytes(b"no folder, so that nothing can be put there")
    for _ in range(ATTEMPTS_MOST - 1):
        entry = await stand.claims()
        with pytest.raises((BaseError, OSError)):
            await stand.fetching.do(entry)
        await stand.fetching.outbox.retry(entry, 0)
        assert await stand.replies.depth() == 0
    await stand.fetching.do(await stand.claims())
    [entry] = await stand.replies.claim(1, 60)
    assert b'"refused"' in entry.body
    assert await stand.fetching.outbox.depth() == 0


async def test_what_cannot_be_deleted_keeps_nothing_else(stand: Stand) -> None:
    safe = stand.folder / "media" / "safe"
    (safe / "first").mkdir(parents=True)  # where a file should be
    (safe / "second").write_bytes(b"past its time")
    for command in expires(["safe/first", "safe/second"], time.time()):
        await stand.store.write(*command)
    assert await stand.fetching.clean() == 0
    assert await stand.fetching.clean() == 1
    assert stand.kept == []
    assert await stand.store.read("ZRANGE", EXPIRY, 0, -1) == [b"safe/first"]
    again = float(await stand.store.read("ZSCORE", EXPIRY, "safe/first"))
    assert 0 < again - time.time() <= 3600
