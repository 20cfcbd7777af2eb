"""Counts how much somebody does within a while, in this process's memory and nowhere else."""

from __future__ import annotations

import time

# So many are told apart within one while; a flood of made-up names cannot fill the memory.
KNOWN_MOST = 100_000


class Pace:
    """Counts by name and starts anew every so many seconds, for everybody at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._counts: dict[str, int] = {}
        self._until = 0.0

    def counted(self, who: str, by: int = 1) -> int:
        """How much it is in this while, with what is added now."""
        now = time.monotonic()
        if now >= self._until or len(self._counts) >= KNOWN_MOST:
            self._counts.clear()
            self._until = now + self._seconds
        count = self._counts[who] = self._counts.get(who, 0) + by
        return count
