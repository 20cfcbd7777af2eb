"""How often something may be done, counted under tags that nobody can trace after the day.

``limit:key:<day>``                    32 random bytes, gone with the day (UTC)
``limit:<name>:<window>:<tag>``        what one person or network did in that hour or day
``limit:<name>:<window>``              what everybody did

A tag is a hash of the person or network under that day's key and a key of the bot's own: whoever
has the store alone cannot even try numbers one by one, and when the day is over nobody can.
"""

from __future__ import annotations

import secrets
import time
from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from bot.store.connection import Command, Store

HOUR, DAY = 3600, 24 * 3600
_KEY_BYTES, _TAG_BYTES = 32, 12


class Who(Struct, frozen=True):
    """Whom to count: a person, and the network they come from where that is known."""

    person: str
    network: str = ""


class Limit(Struct, frozen=True):
    """So much within so many seconds, by one person, from one network, and in all (0: no limit)."""

    seconds: int
    per_person: int
    per_network: int = 0
    in_all: int = 0


Limited = Literal["guesses", "reports"]
LIMITS: dict[Limited, Limit] = {
    # A receipt has 90 bits: nobody finds one by guessing. The limit keeps the store from being
    # asked a million times and makes somebody who tries visible. A person copies a receipt wrong
    # a few times, a family behind one address some more; a whole city less than once a second.
    "guesses": Limit(HOUR, per_person=20, per_network=20, in_all=2_000),
    # An inspector who walks through a plant reports thirty hazards a day. Networks are counted in
    # memory (see `bot.gateway`): this count is written beside the report.
    "reports": Limit(DAY, per_person=30),
}


class Limits:
    """Counts across all processes. Every method may raise `StoreUnavailable`."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._own = key
        self._day, self._key = -1, b""

    async def reached(self, name: Limited, who: Who) -> bool:
        """Whether this person, this network or everybody did it as often as they may."""
        limits = await self._counters(name, who)
        counts = await self._store.read("MGET", *limits)
        return any(
            int(count or 0) >= most for count, most in zip(counts, limits.values(), strict=True)
        )

    async def counting(self, name: Limited, who: Who) -> list[Command]:
        """The commands that count one more."""
        seconds = LIMITS[name].seconds
        end = (int(time.time()) // seconds + 1) * seconds
        counters = await self._counters(name, who)
        return [
            command
            for counter in counters
            for command in (("INCR", counter), ("EXPIREAT", counter, end))
        ]

    async def count(self, name: Limited, who: Who) -> None:
        """One more, at once."""
        for command in await self.counting(name, who):
            await self._store.write(*command)

    async def _counters(self, name: Limited, who: Who) -> dict[str, int]:
        """The names of the counters, each with the most it may reach."""
        limit, now = LIMITS[name], int(time.time())
        key = await self._key_of(now // DAY)
        window = f"limit:{name}:{now // limit.seconds}"
        counters = {f"{window}:{_tag(key, who.person)}": limit.per_person}
        if who.network and limit.per_network:
            counters[f"{window}:{_tag(key, who.network)}"] = limit.per_network
        if limit.in_all:
            counters[window] = limit.in_all
        return counters

    async def _key_of(self, day: int) -> bytes:
        if day != self._day:
            name = f"limit:key:{day}"
            made = secrets.token_bytes(_KEY_BYTES)
            await self._store.write("SET", name, made, "NX", "EXAT", (day + 1) * DAY)
            found = await self._store.read("GET", name)
            self._key, self._day = self._own + bytes(found or made), day
        return self._key


def _tag(key: bytes, who: str) -> str:
    return blake2b(who.encode(), key=key, digest_size=_TAG_BYTES).hexdigest()
