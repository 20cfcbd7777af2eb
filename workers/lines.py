"""What belongs to one report goes in the order in which it came, however much runs at once."""

from __future__ import annotations

from asyncio import Lock
from weakref import WeakValueDictionary


class Lines:
    """One line to stand in for each name; who asks first goes first."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    def of(self, name: str) -> Lock:
        """The line of that name; it is there as long as somebody stands in it."""
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = Lock()
        return lock
