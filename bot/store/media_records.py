"""Which media came out safe: ``media:<id>``, written with the end of its fetch."""

from __future__ import annotations

from collections.abc import Sequence

from bot.store.connection import Command, Store
from bot.store.lifetimes import end_after
from bot.store.reports import KEPT_SECONDS


def made_safe(media: str, content_type: str) -> list[Command]:
    """The commands that note a safe copy."""
    return [("SET", f"media:{media}", content_type, "EXAT", end_after(KEPT_SECONDS))]


async def usable(store: Store, media: Sequence[str]) -> dict[str, str]:
    """Those of these media that have a safe copy, in their order, each with its content type."""
    found = await store.read("MGET", *(f"media:{one}" for one in media))
    return {one: kind.decode() for one, kind in zip(media, found, strict=True) if kind}
