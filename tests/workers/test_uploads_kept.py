"""What was uploaded is there as long as somebody may have to fetch it once more."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from bot.bells import Bells
from bot.core.errors import MediaRefused
from bot.store.connection import Store
from bot.store.media import MediaStore
from bot.store.orders import FetchOrder
from bot.store.outbox import Outbox
from workers.fetching import Fetching
from workers.media.sanitizer import Sanitizer

KEY, MEDIA = b"k" * 32, "M" * 22


class Uploads:
    """A channel's uploads, of which none can be made safe."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    async def fetch(self, source: str) -> bytes:
        raise MediaRefused("broken")

    async def forget(self, source: str) -> None:
        self.forgotten.append(source)

    async def close(self) -> None:
        return None


async def fetched(store: Store, valkey_url: str, folder: Path) -> list[str]:
    """Which uploads are forgotten after one was fetched."""
    uploads, bells = Uploads(), Bells(store, valkey_url)
    order = FetchOrder("webchat", MEDIA, "upload", b"sealed")
    for command in Outbox(store, "media", KEY).add(MEDIA, order.written()):
        await store.write(*command)
    media, sources = MediaStore.at("", folder), {"webchat": uploads}
    work = Fetching(store, media, sources, Sanitizer(), bells, key=KEY)
    [entry] = await work.outbox.claim(1, 60)
    await work.do(entry)
    assert await work.outbox.depth() == 0
    assert await Outbox(store, "replies").depth() == 1
    await bells.close()
    return uploads.forgotten


async def test_an_upload_goes_once_what_came_of_it_is_on_disk(
    store: Store, valkey_url: str, tmp_path: Path
) -> None:
    assert await fetched(store, valkey_url, tmp_path) == ["upload"]


async def test_and_stays_where_it_is_not_known_to_be(
    store: Store, valkey_url: str, tmp_path: Path
) -> None:
    alone = Store.at(valkey_url, replicas=1)
    with (
        patch("bot.store.connection.ON_DISK_MS", 20),
        patch("bot.store.outbox.AWAY_SECONDS", 0.01),
    ):
        assert await fetched(alone, valkey_url, tmp_path) == []
    await alone.close()
