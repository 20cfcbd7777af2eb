"""Conversations that were committed a moment ago, so that the next turn need not fetch them.

Nothing rests on it: a commit compares the version in the store, and whoever finds another one
loads it and begins again. Kept in memory for a minute, which is how long people take to answer.
"""

from __future__ import annotations

import asyncio

from bot.store.conversations import Conversation

WARM_SECONDS = 60
WARM_MOST = 4096

Person = tuple[str, str]


class Warm:
    """By channel and address, the longest untouched first."""

    def __init__(self) -> None:
        self._kept: dict[Person, tuple[Conversation, float]] = {}
        self._ticking = False

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._kept)

    def take(self, person: Person) -> Conversation | None:
        """The conversation as it was committed last; whoever takes it has it alone."""
        found = self._kept.pop(person, None)
        return found[0] if found else None

    def keep(self, person: Person, conversation: Conversation) -> None:
        """This was committed just now."""
        loop = asyncio.get_running_loop()
        self._kept.pop(person, None)
        self._kept[person] = conversation, loop.time()
        if len(self._kept) > WARM_MOST:
            del self._kept[next(iter(self._kept))]
        if not self._ticking:
            self._ticking = True
            loop.call_later(WARM_SECONDS, self._cool)

    def _cool(self) -> None:
        loop = asyncio.get_running_loop()
        late = loop.time() - WARM_SECONDS
        for person in [one for one, (_, since) in self._kept.items() if since <= late]:
            del self._kept[person]
        self._ticking = bool(self._kept)
        if self._ticking:
            loop.call_later(WARM_SECONDS / 2, self._cool)
