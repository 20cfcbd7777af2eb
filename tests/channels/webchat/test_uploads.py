"""Files in, sealed, and out again for the media worker alone."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.channels.contract import MEDIA_BYTES_MOST
from bot.channels.webchat import Source, limits
from bot.channels.webchat.parcels import EXPIRY
from bot.core.errors import MediaRefused
from tests.channels.webchat.world import World, new_token, until

BODY = b"GIF89a and so on" * 1000


class Slow:
    """A body that comes in two pieces, the second when it is told."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        yield b"first"
        await self.go_on.wait()
        yield b"second"


async def test_a_file_comes_back_as_it_was_and_lies_sealed(
    world: World, client: Redis, tmp_path: Path
) -> None:
    status, kept = await world.upload(BODY)
    assert status == 200
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", kept["id"])
    assert kept["size"] == len(BODY)
    lies = (tmp_path / "media" / "incoming" / kept["id"]).read_bytes()
    assert b"GIF89a" not in lies
    source = Source(world.surroundings)
    assert await source.fetch(kept["source"]) == BODY
    until_when = await client.zscore(EXPIRY, f"incoming/{kept['id']}")
    assert until_when is not None
    assert abs(until_when - time.time() - limits.UPLOAD_KEPT_FOR) < 60
    await source.forget(kept["source"])
    assert await client.zscore(EXPIRY, f"incoming/{kept['id']}") is None
    with pytest.raises(MediaRefused, match="gone"):
        await source.fetch(kept["source"])
    await source.forget(kept["source"])
    await source.close()


async def test_another_key_or_another_place_opens_nothing(world: World, tmp_path: Path) -> None:
    _, one = await world.upload(BODY)
    _, other = await world.upload(BODY)
    source = Source(world.surroundings)
    with pytest.raises(MediaRefused, match="gone"):
        await source.fetch(f"{one['id']}.{other['source'].partition('.')[2]}")
    folder = tmp_path / "media" / "incoming"
    (folder / one["id"]).rename(folder / other["id"])
    with pytest.raises(MediaRefused, match="gone"):
        await source.fetch(f"{other['id']}.{one['source'].partition('.')[2]}")


async def test_what_is_attached_is_what_was_uploaded(world: World) -> None:
    async with world.page() as page:
        _, kept = await world.upload(BODY, page.token)
        assert "ack" in await page.ask("attach", attachments=[kept])


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "web.upload.empty"),
        (b"x", 200, None),
        (b"x" * MEDIA_BYTES_MOST, 200, None),
        (b"x" * (MEDIA_BYTES_MOST + 1), 413, "web.upload.too_large"),
    ],
)
async def test_a_file_has_between_one_byte_and_twenty_megabytes(
    world: World, body: bytes, status: int, reason: str | None
) -> None:
    got, answer = await world.upload(body)
    assert got == status
    assert answer.get("error", {}).get("reason") == reason


@pytest.mark.parametrize(("extra", "status"), [(0, 200), (1, 413)])
async def test_a_size_that_is_not_announced_is_counted(
    world: World, extra: int, status: int
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * (MEDIA_BYTES_MOST // 20)
        yield b"x" * extra

    assert (await world.upload(pieces()))[0] == status


async def test_nothing_at_all_is_refused_unannounced_too(world: World) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b""

    assert (await world.upload(pieces()))[0] == 400


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN,zh;q=0.9", "20 MB"), ("en", "Larger than")]
)
async def test_a_refusal_is_said_in_words(world: World, language: str, words: str) -> None:
    large = b"x" * (MEDIA_BYTES_MOST + 1)
    _, answer = await world.upload(large, **{"Accept-Language": language})
    assert words in answer["error"]["text"]
    assert answer["error"]["text"].isascii() == (language == "en")


async def test_four_at_once_and_no_fifth(world: World) -> None:
    token, slow = new_token(), Slow()
    running = [
        asyncio.create_task(world.upload(slow.pieces(), token))
        for _ in range(limits.UPLOADS_PER_CHAT)
    ]
    uploads = world.channel._uploads
    # Each of unknown size counts as the largest there may be, so three of them fill the room.
    await until(lambda: uploads._in_hand.total() == 3)
    slow.go_on.set()
    assert sorted([(await one)[0] for one in running]) == [200, 200, 200, 503]


@pytest.mark.parametrize(("limit", "tokens"), [("UPLOADS_PER_CHAT", 1), ("UPLOADS_MOST", 3)])
async def test_more_than_there_is_room_for_waits(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str, tokens: int
) -> None:
    monkeypatch.setattr(limits, limit, 2)
    monkeypatch.setattr(limits, "UPLOAD_BYTES_IN_HAND", 10 * MEDIA_BYTES_MOST)
    slow, names = Slow(), [new_token() for _ in range(tokens)]
    running = [
        asyncio.create_task(world.upload(slow.pieces(), names[at % tokens])) for at in range(2)
    ]
    await until(lambda: world.channel._uploads._in_hand.total() == 2)
    url, headers = f"{world.url}/chat/uploads", {"X-Chat": names[-1]}
    async with world.http.post(url, data=BODY, headers=headers) as refused:
        assert refused.status == 503
        assert refused.headers["Retry-After"] == "2"
    slow.go_on.set()
    assert [(await one)[0] for one in running] == [200, 200]
    assert (await world.upload(BODY, names[-1]))[0] == 200
    assert not world.channel._uploads._in_hand


async def test_an_upload_that_breaks_off_leaves_nothing(world: World, tmp_path: Path) -> None:
    slow = Slow()
    upload = asyncio.create_task(world.upload(slow.pieces()))
    uploads = world.channel._uploads
    await until(lambda: uploads._in_hand.total() == 1)
    upload.cancel()
    await until(lambda: not uploads._in_hand and not uploads._bytes)
    assert not list((tmp_path / "media").rglob("incoming/*"))


async def test_an_upload_that_stalls_is_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_CHUNK_WITHIN", 0.1)
    slow = Slow()
    upload = asyncio.create_task(world.upload(slow.pieces()))
    await until(lambda: world.channel._uploads._in_hand.total() == 1)
    await until(lambda: not world.channel._uploads._in_hand)
    slow.go_on.set()
    try:
        assert (await upload)[0] == 408
    except aiohttp.ClientConnectionError as broken:
        assert not isinstance(broken, aiohttp.ClientConnectorError)


async def test_an_upload_that_drips_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOAD_CHUNK_WITHIN", 0.5)
    over = asyncio.Event()

    async def drops() -> AsyncIterator[bytes]:
        while not over.is_set():
            yield b"x"
            await asyncio.sleep(0.02)

    upload = asyncio.create_task(world.upload(drops()))
    await until(lambda: world.channel._uploads._in_hand.total() == 1)
    await until(lambda: not world.channel._uploads._in_hand)
    over.set()
    try:
        assert (await upload)[0] == 408
    except aiohttp.ClientConnectionError as broken:
        assert not isinstance(broken, aiohttp.ClientConnectorError)


async def test_a_store_that_does_not_answer_is_said(tmp_path: Path) -> None:
    async with (
        Redis(port=1, retry=Retry(NoBackoff(), 0)) as nowhere,
        World(nowhere, tmp_path) as world,
    ):
        status, answer = await world.upload(BODY)
    assert (status, answer["error"]["reason"]) == (503, "error.not_saved")
    assert not list((tmp_path / "media").rglob("incoming/*"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Chat": ""}, 401),
        ({"X-Chat": "x" * 42}, 401),
        ({"X-Chat": "x" * 44}, 401),
        ({"Origin": "https://evil.example.org"}, 403),
    ],
)
async def test_strangers_upload_nothing(world: World, headers: dict[str, str], status: int) -> None:
    assert (await world.upload(BODY, **headers))[0] == status


async def test_so_many_files_an_hour_from_one_chat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOADS_PER_CHAT_AN_HOUR", 3)
    token = new_token()
    assert [(await world.upload(b"GIF89a", token))[0] for _ in range(3)] == [200] * 3
    status, refused = await world.upload(b"GIF89a", token, **{"Accept-Language": "en"})
    assert status == 429
    assert "in an hour" in refused["error"]["text"]
    assert (await world.upload(b"GIF89a", new_token()))[0] == 200


async def test_so_many_files_an_hour_from_one_network(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOADS_PER_NETWORK_AN_HOUR", 3)
    assert [(await world.upload(b"GIF89a"))[0] for _ in range(4)] == [200] * 3 + [429]
