"""Puts drafts with known serials into the store, and compares what is there with what should be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from msgspec.structs import replace

from bench.stores import BenchStore
from bot.core.dialogue import Draft
from bot.secrets import Secrets, kept
from bot.store.connection import Store
from bot.store.conversations import Conversations


@asynccontextmanager
async def _conversations(store: BenchStore) -> AsyncIterator[Conversations]:
    opened = Store.at(store.url)
    secrets = Secrets(kept(store.folder, "conversation"))
    yield Conversations(opened, secrets.key("conversations"))
    await opened.close()


async def seed(store: BenchStore, channel: str, addresses: Sequence[str]) -> None:
    """Everybody begins at the menu with a serial of 0."""
    async with _conversations(store) as conversations:
        for address in addresses:
            begun = await conversations.load(channel, address)
            await conversations.commit(begun, Draft("zh"), "seed")


async def wrong(store: BenchStore, channel: str, wanted: Mapping[str, Draft]) -> int:
    """How many drafts are not as they should be, but for when they were last touched and which
    receipt was drawn."""
    different = 0
    async with _conversations(store) as conversations:
        for address, draft in wanted.items():
            found = (await conversations.load(channel, address)).draft
            same = {"touched": draft.touched, "receipt": draft.receipt}
            different += found is None or replace(found, **same) != draft
    return different
