"""The queue of updates: numbered, filtered, confirmed by offset, handed out again on demand."""

import itertools
from collections import Counter
from dataclasses import dataclass

from tests.fakes.telegram.base import Json, Pulse, RefusedError
from tests.fakes.telegram.schema import Schema

_OFF_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
_FIRST_ID = 500_000_000


@dataclass(eq=False)
class Queued:
    """An update that waits for the bot; `again` when it had been taken before."""

    update: Json
    chat_id: int
    again: bool = False

    @property
    def id(self) -> int:
        """The update's number."""
        return int(self.update["update_id"])


class Updates:
    """What the bot has not taken yet, and everything that there ever was.

    `deliveries` counts how often each update was handed to the bot, by either way.
    """

    def __init__(self, schema: Schema, pulse: Pulse) -> None:
        self.pending: list[Queued] = []
        self.deliveries: Counter[int] = Counter()
        self.allowed: list[str] = []
        self._all: dict[int, Queued] = {}
        self._ids = itertools.count(_FIRST_ID)
        self._schema = schema
        self._pulse = pulse
        self._poll = 0
        self._conflict = ""

    def add(self, kind: str, content: Json, chat_id: int) -> int:
        """Queues an update unless the bot did not ask for its kind; its id."""
        update = {"update_id": next(self._ids), kind: content}
        complaints = self._schema.object("Update", update)
        if complaints:
            raise AssertionError(f"this server made a wrong update: {complaints}")
        queued = Queued(update, chat_id)
        self._all[queued.id] = queued
        if kind in self.allowed or (not self.allowed and kind not in _OFF_BY_DEFAULT):
            self.pending.append(queued)
            self._pulse.beat()
        return queued.id

    def redeliver(self, update_id: int) -> None:
        """Hands an update out once more, confirmed or not."""
        queued = self._all[update_id]
        self.pending.insert(0, Queued(queued.update, queued.chat_id, again=True))
        self._pulse.beat()

    def done(self, queued: Queued) -> None:
        """The bot has taken it."""
        if queued in self.pending:
            self.pending.remove(queued)
        self._pulse.beat()

    def forget(self) -> None:
        """Drops everything that waits."""
        self.pending.clear()
        self._pulse.beat()

    def interrupt(self, reason: str) -> None:
        """Ends a long poll that is under way with 409."""
        self._poll += 1
        self._conflict = reason
        self._pulse.beat()

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """One getUpdates: confirms below `offset`, waits up to `timeout` s for something."""
        self.interrupt(
            "terminated by other getUpdates request; "
            "make sure that only one bot instance is running"
        )
        mine = self._poll
        self._confirm(offset)
        try:
            await self._pulse.until(lambda: mine != self._poll or self.pending, timeout)
        except TimeoutError:
            return []
        if mine != self._poll:
            raise RefusedError(409, f"Conflict: {self._conflict}")
        return self._batch(limit)

    def _confirm(self, offset: int) -> None:
        ids = [queued.id for queued in self.pending if not queued.again]
        if offset < 0:
            offset = ids[offset:][0] if ids else 0
        self.pending = [queued for queued in self.pending if queued.again or queued.id >= offset]

    def _batch(self, limit: int) -> list[Json]:
        batch = self.pending[:limit]
        self.pending = [queued for queued in self.pending if not (queued.again and queued in batch)]
        self.deliveries.update(queued.id for queued in batch)
        return [queued.update for queued in batch]
