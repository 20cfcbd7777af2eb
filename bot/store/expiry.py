"""When stored objects are to go: one sorted set of names by the second of their end.

Everything put into the media store stands here from the start, so that nothing can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.dialogue import Draft
from bot.store.connection import Command, Store

EXPIRY = "media:expiry"
# Longer than a draft stands, which is a day from its last turn to the next whole hour.
UNFINISHED_SECONDS = 26 * 3600
_HOUR = 3600


def expires(names: Iterable[str], at: float) -> list[Command]:
    """The commands that let these objects go at that moment (seconds since 1970)."""
    return [("ZADD", EXPIRY, int(at), name) for name in names]


def listed(names: Iterable[str], now: float) -> list[Command]:
    """The commands that list what may be put there from now on, unless it is listed already."""
    return [("ZADD", EXPIRY, "NX", int(now) + UNFINISHED_SECONDS, name) for name in names]


def copies(media: str) -> tuple[str, str]:
    """The objects of one safe picture or video."""
    return f"safe/{media}", f"thumbnail/{media}"


def stand_with(before: Draft | None, after: Draft) -> list[Command]:
    """The commands that let pictures stand as long as their draft.

    That begins anew with each turn; for them, once in an hour is enough.
    """
    if before is None or before.touched // _HOUR == after.touched // _HOUR:
        return []
    names = [name for one in after.answers.media for name in copies(one.id)]
    return expires(names, after.touched + UNFINISHED_SECONDS)


async def expired(store: Store, now: float, most: int = 500) -> list[str]:
    """Objects whose time is over."""
    found = await store.read("ZRANGE", EXPIRY, "-inf", int(now), "BYSCORE", "LIMIT", 0, most)
    return [name.decode() for name in found]


async def gone(store: Store, name: str) -> None:
    """This object is deleted."""
    await store.write("ZREM", EXPIRY, name)
