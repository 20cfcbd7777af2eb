"""What every part of the server shares: JSON, uploads, refusals, and waiting for a change."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Json = dict[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    content: bytes = field(repr=False)
    name: str
    mime: str


class RefusedError(Exception):
    """A call that Telegram would answer with `ok: false`.

    `retry_after` (seconds) goes into the answer's `parameters`.
    """

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after


def bad_request(reason: str) -> RefusedError:
    """A 400 in Telegram's wording."""
    return RefusedError(400, f"Bad Request: {reason}")


class Pulse:
    """Beats whenever anything changed, so that tests wait for conditions and never for time."""

    def __init__(self) -> None:
        self._beat = asyncio.Event()

    def beat(self) -> None:
        """Wakes everyone who waits, to look again."""
        self._beat.set()
        self._beat = asyncio.Event()

    async def next(self) -> None:
        """Waits for the next change, whatever it is."""
        await self._beat.wait()

    async def until(self, find: Callable[[], Found | None], timeout: float | None) -> Found:
        """The first true value of `find`; TimeoutError after `timeout` seconds (None: never)."""
        async with asyncio.timeout(timeout):
            while not (found := find()):
                await self._beat.wait()
            return found
