"""Links to safe copies: signed, expiring, and good for players that ask for a part."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.media_links import DAY, MediaLinks, add_media_routes
from bot.store.media import MediaStore

MEDIA = "A" * 22
LINKS = MediaLinks(b"k" * 32, "https://gateway")
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    store = MediaStore.at("", tmp_path)
    await store.put(f"safe/{MEDIA}", b"\x00\x00\x00\x18ftypmp42" + bytes(range(100)))
    await store.put(f"thumbnail/{MEDIA}", b"\xff\xd8thumbnail")
    application = web.Application()
    add_media_routes(application, LINKS, store)
    async with TestClient(TestServer(application)) as opened:
        yield opened


async def test_a_link_leads_to_its_copy(client: Client) -> None:
    answer = await client.get(LINKS.path(MEDIA, True))
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert await answer.read() == b"\xff\xd8thumbnail"
    url = LINKS.url(MEDIA, "video/mp4", DAY)
    assert url.startswith("https://gateway/media/")
    assert url.endswith(".mp4")
    answer = await client.get(url.removeprefix("https://gateway"))
    assert (answer.status, answer.content_type) == (200, "video/mp4")


async def test_a_player_gets_the_part_that_it_asks_for(client: Client) -> None:
    path = LINKS.path(MEDIA, False)
    answer = await client.get(path, headers={"Range": "bytes=12-15"})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == "bytes 12-15/112"
    assert await answer.read() == bytes(range(4))
    assert (await client.get(path, headers={"Range": "bytes=500-"})).status == 416


async def test_altered_old_and_erased_links_are_all_the_same(client: Client) -> None:
    path = LINKS.path(MEDIA, False)
    expired = LINKS.path(MEDIA, False, -2 * DAY)
    forged = MediaLinks(b"x" * 32, "").path(MEDIA, False)
    for wrong in (
        path.replace("/safe/", "/thumbnail/"),
        path.replace("A" * 22, "B" * 22),
        LINKS.path("B" * 22, False),
        expired,
        forged,
        "/media/safe/../../etc/passwd",
    ):
        assert (await client.get(wrong)).status == 404
