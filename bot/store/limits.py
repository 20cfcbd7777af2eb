"""How often receipts may be guessed, counted under tags that nobody can trace after a day.

``limit:key:<day>``             32 random bytes; gone after two days, and the tags of that day
``limit:guess:<hour>:<tag>``    wrong tries of one network or chat in that hour
``limit:guess:<hour>``          wrong tries of everybody

A receipt has 90 bits, so the limits keep nobody from finding one who could not be kept anyway; they
keep the store from being asked a million times, and make somebody who tries visible.
"""

from __future__ import annotations

import secrets
import time
from hashlib import blake2b

from bot.store.connection import Store

# A person copies a receipt wrong a few times, a family behind one address some more.
GUESSES_PER_NETWORK = 20
# A whole city mistypes less than one a second.
GUESSES_IN_ALL = 2_000
HOUR, DAY = 3600, 24 * 3600
_KEY_BYTES, _TAG_BYTES = 32, 12


class Guesses:
    """Counts wrong receipts. Every method may raise `StoreUnavailable`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._day, self._key = -1, b""

    async def exhausted(self, who: str) -> bool:
        """Whether this network or chat, or everybody together, guessed too often this hour."""
        mine, everybody = await self._names(who)
        counts = await self._store.read("MGET", mine, everybody)
        by_one, by_all = (int(count or 0) for count in counts)
        return by_one >= GUESSES_PER_NETWORK or by_all >= GUESSES_IN_ALL

    async def wrong(self, who: str, count: int) -> None:
        """So many receipts were asked for that nobody holds."""
        for name in await self._names(who):
            await self._store.write("INCRBY", name, count)
            await self._store.write("EXPIRE", name, 2 * HOUR)

    async def _names(self, who: str) -> tuple[str, str]:
        now = int(time.time())
        hour = now // HOUR
        tag = blake2b(who.encode(), key=await self._key_of(now // DAY), digest_size=_TAG_BYTES)
        return f"limit:guess:{hour}:{tag.hexdigest()}", f"limit:guess:{hour}"

    async def _key_of(self, day: int) -> bytes:
        if day != self._day:
            name = f"limit:key:{day}"
            made = secrets.token_bytes(_KEY_BYTES)
            await self._store.write("SET", name, made, "NX", "EX", 2 * DAY)
            self._key, self._day = bytes(await self._store.read("GET", name)), day
        return self._key
