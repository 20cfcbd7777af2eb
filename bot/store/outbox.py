"""Work that must not be lost, standing beside the data that it came from.

One sorted set per kind of work, scored by due time on the store's own clock. `add` gives commands
for the transaction of whoever makes the work; `claim` leases what is due under a fence that only
grows; an outcome counts only under the newest fence, so a worker that slept through its lease
changes nothing. A claim need not be on disk: before anything that cannot be undone, `hold` sees to
it. While the store is away an outcome waits for it: a lease that nobody ends looks like a death of
whoever had it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import structlog
from msgspec import Struct

from bot.core.errors import StoreUnavailable
from bot.sealed import Seal
from bot.store.connection import Command, Store, spelled
from bot.store.lifetimes import end_after

KINDS = ("push", "media", "notices", "delivery", "broadcast", "replies")
# How many notices nobody could be given any more, by the epoch whose key is gone.
UNDELIVERABLE = "undeliverable"


# A kill or a restart is one death of all that was in hand; twice the same entry is no accident.
SUSPECT_DEATHS = 2
DEATHS_MOST = 5
# How soon a store that was away is asked again, and how often it may take other writes and refuse
# an outcome before that is the outcome's own fault.
AWAY_SECONDS = 0.5
REFUSALS_MOST = 3
# What a person said is not kept for ever because no operator looked.
ASIDE_SECONDS = 30 * 24 * 3600
_FENCE_DIGITS = 9

log = structlog.get_logger()


class LeaseLost(Exception):
    """Somebody else has this work by now."""


class OutcomeRefused(StoreUnavailable):
    """The store takes other writes and not this outcome, or what was to follow from it."""


class Entry(Struct, frozen=True):
    """A leased piece of work. `attempts` counts this one, `deaths` whoever had it and never came
    back; `claimed` is by the monotonic clock.
    """

    id: str
    body: bytes
    fence: int
    attempts: int
    deaths: int = 0
    claimed: float = 0.0


class Outbox:
    """The outbox of one kind of work."""

    def __init__(self, store: Store, kind: str, key: bytes | None = None) -> None:
        """With a `key`, bodies stand sealed: whoever steals the store needs that key as well."""
        if kind not in KINDS:
            raise ValueError(f"no work is called {kind}")
        self.kind = kind
        self._store = store
        self._seal = Seal(key) if key else None
        self._due = f"outbox:{kind}"
        self._bodies = f"outbox:{kind}:bodies"
        self._leases = f"outbox:{kind}:leases"
        self._parked = f"outbox:{kind}:parked"
        self._aside = f"outbox:{kind}:aside"

    def add(self, entry_id: str, body: bytes = b"") -> list[Command]:
        """The commands that put an entry in, due at once. The same id again changes nothing."""
        commands: list[Command] = [("ZADD", self._due, "NX", 0, entry_id)]
        if body:
            kept = self._seal.close(body, self._purpose(entry_id)) if self._seal else body
            commands.insert(0, ("HSETNX", self._bodies, entry_id, kept))
        return commands

    async def set_aside(self, entry_id: str, body: bytes, reason: str) -> None:
        """Park something that never stood here, until an operator puts it in, or for
        `ASIDE_SECONDS`.
        """
        kept = self._seal.close(body, self._purpose(entry_id)) if self._seal else body
        await self._store.write("ZADD", self._aside, end_after(ASIDE_SECONDS), entry_id)
        await self._store.write("HSETNX", self._bodies, entry_id, kept)
        await self._store.write("HSET", self._parked, entry_id, reason)

    async def let_go(self) -> int:
        """Drop what was set aside too long ago, and nobody has put in; how many that were."""
        now, dropped = int(time.time()), 0
        for name in await self._store.read("ZRANGE", self._aside, "-inf", now, "BYSCORE"):
            dropped += await self.drop(name.decode(), [])
            await self._store.write("ZREM", self._aside, name)
        return dropped

    async def claim(self, most: int, lease_seconds: float, *, name: str = "") -> list[Entry]:
        """Lease up to `most` due entries for `lease_seconds`; a suspect comes alone.

        The same `name` again is the same process: what it had and does not know of is no death.
        """
        return (await self.claim_beside(most, lease_seconds, name=name))[0]

    async def claim_beside(
        self, most: int, lease_seconds: float, *, others: bool = False, name: str = ""
    ) -> tuple[list[Entry], bool]:
        """The same for somebody who may have `others` in hand, and so takes no suspect.

        Besides: whether a suspect waits, or came. What saw too many deaths is parked, and logged.
        """
        now, lease = time.monotonic(), int(lease_seconds * 1000)
        digits = f"{random.randrange(10**_FENCE_DIGITS):0{_FENCE_DIGITS}}"  # noqa: S311 - no secret
        suspects, claimed, parked = await self._store.script(
            "claim",
            (self._due, self._bodies, self._leases, "outbox:fence", self._parked),
            (most, lease, SUSPECT_DEATHS, DEATHS_MOST, int(not others), name, digits),
        )
        entries = [
            Entry(
                name := entry_id.decode(),
                self._opened(name, body),
                int(fence),
                attempts,
                deaths,
                now,
            )
            for entry_id, body, fence, attempts, deaths in claimed
        ]
        for reason in parked:
            log.error("drain.parked", kind=self.kind, reason=reason.decode())
        return entries, bool(suspects)

    async def renew(self, entries: Sequence[Entry], lease_seconds: float) -> set[str]:
        """Make the leases of these last so much longer from now; the ids of those still held."""
        words = [word for entry in entries for word in (entry.id, entry.fence)]
        lease = int(lease_seconds * 1000)
        held = await self._store.script("renew", (self._due, self._leases), (lease, *words))
        return {entry_id.decode() for entry_id in held}

    async def hold(self, entry: Entry, lease_seconds: float, then: Sequence[Command]) -> None:
        """Before something that cannot be undone; `then` notes that it is begun.

        Note and claim are on disk once this returns, so that whatever dies after that, nobody takes
        it for untouched. Raises `LeaseLost` if it is not ours any more, because we slept, or
        because the store lost the claim; `StoreUnavailable` if it is not known to be on disk.
        """
        words = entry.id, entry.fence, int(lease_seconds * 1000), *spelled(then)
        if not await self._store.script("hold", (self._due, self._leases), words, on_disk=True):
            raise LeaseLost(entry.id)

    def _opened(self, entry_id: str, body: bytes) -> bytes:
        """A body that does not open is empty, and fails as any broken one does."""
        if self._seal is None or not body:
            return body
        return self._seal.open(body, self._purpose(entry_id)) or b""

    def _purpose(self, entry_id: str) -> bytes:
        return f"outbox|{self.kind}|{entry_id}".encode()

    async def done(
        self, entry: Entry, then: list[Command] | None = None, *, on_disk: bool = False
    ) -> bool:
        """It is done; `then` runs in the same transaction. False: lease lost, nothing ran.

        With `on_disk` it is there if this is True; False: perhaps it is not.
        """
        return await self._settle(entry, "done", 0, then, on_disk=on_disk)

    async def retry(
        self, entry: Entry, delay_seconds: float, then: list[Command] | None = None
    ) -> bool:
        """Again after a delay. False: the lease was lost."""
        return await self._settle(entry, "retry", int(delay_seconds * 1000), then)

    async def wait(self, entry: Entry, delay_seconds: float) -> bool:
        """Nothing was attempted: again after a delay, deaths still counted. False: lease lost."""
        return await self._settle(entry, "wait", int(delay_seconds * 1000), None)

    async def park(self, entry: Entry, reason: str, then: list[Command] | None = None) -> bool:
        """Out of the way until an operator puts it back. `reason` names no person."""
        return await self._settle(entry, "park", reason, then)

    async def _settle(
        self,
        entry: Entry,
        outcome: str,
        detail: int | str,
        then: list[Command] | None,
        *,
        on_disk: bool = False,
    ) -> bool:
        """Raises `OutcomeRefused`; a store that is away is waited for, its replicas are not."""
        keys = self._due, self._bodies, self._leases, self._parked
        words = entry.id, entry.fence, outcome, detail, *spelled(then or [])
        refusals, kept = 0, on_disk
        while True:
            try:
                settled = await self._store.script("settle", keys, words, on_disk=kept)
                return bool(settled) and kept == on_disk
            except StoreUnavailable as error:
                kept = False
                refusals += await self._takes_writes()
                if refusals == REFUSALS_MOST:
                    raise OutcomeRefused(str(error)) from None
            await asyncio.sleep(AWAY_SECONDS)

    async def _takes_writes(self) -> bool:
        """Asked by a write that changes nothing, because no entry has an empty name."""
        try:
            await self._store.write("ZADD", self._due, "XX", 0, "")
        except StoreUnavailable:
            return False
        return True

    async def stands(self, entry_id: str) -> bool:
        """Whether this work is still to be done."""
        return await self._store.read("ZSCORE", self._due, entry_id) is not None

    async def depth(self) -> int:
        """How many entries stand here, due or not."""
        return int(await self._store.read("ZCARD", self._due))

    async def parked(self) -> dict[str, str]:
        """What was parked, with the reason."""
        found = await self._store.read("HGETALL", self._parked)
        pairs = (
            found.items() if isinstance(found, dict) else zip(found[::2], found[1::2], strict=True)
        )
        return {entry_id.decode(): reason.decode() for entry_id, reason in pairs}

    async def put_back(self, entry_id: str, *, anew: bool = False) -> bool:
        """Make a parked entry due again, `anew` as if never tried. False: it is not parked."""
        keys = self._due, self._leases, self._parked
        return bool(await self._store.script("put_back", keys, (entry_id, int(anew))))

    async def hurry(self, then: Sequence[Command] = ()) -> int:
        """Make due at once what waits for its time; `then` runs in the same transaction.

        How many that are. What somebody has in hand is left to them.
        """
        keys = self._due, self._leases
        return int(await self._store.script("hurry", keys, spelled(then)))

    async def drop(self, entry_id: str, then: list[Command]) -> bool:
        """A parked entry is nobody's work any more; `then` runs in the same transaction.

        False: it is not parked.
        """
        keys = self._bodies, self._leases, self._parked
        return bool(await self._store.script("drop", keys, (entry_id, *spelled(then))))

    async def next_due_seconds(self) -> float | None:
        """Seconds until the next entry is due (0: now), None where there is none."""
        first = await self._store.read("ZRANGE", self._due, 0, 0, "WITHSCORES")
        if not first:
            return None
        seconds, micros = await self._store.read("TIME")
        score = first[0][1] if isinstance(first[0], (list, tuple)) else first[1]
        return max(0.0, float(score) / 1000 - (int(seconds) + int(micros) / 1e6))
