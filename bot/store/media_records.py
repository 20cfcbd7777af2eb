"""Which media came out safe: ``media:<id>``, written with the end of its fetch."""

from __future__ import annotations

from collections.abc import Sequence

from bot.store.connection import Command, Store
from bot.store.reports import KEPT_SECONDS


def made_safe(media: str, content_type: str) -> list[Command]:
    """The commands that note a safe copy."""
    return [("SET", f"media:{media}", content_type, "EX", KEPT_SECONDS)]


async def usable(store: Store, media: Sequence[str]) -> tuple[str, ...]:
    """Those of these media that have a safe copy, in their order."""
    found = await store.read("MGET", *(f"media:{one}" for one in media))
    return tuple(one for one, content_type in zip(media, found, strict=True) if content_type)
