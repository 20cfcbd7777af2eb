"""Makes files safe in processes of their own, so that what breaks a decoder breaks nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from types import TracebackType
from typing import Self

import structlog

from bot.core.errors import MediaRefused
from workers.media.limits import MOST_BYTES, SECONDS
from workers.media.process import DecoderProcess
from workers.media.protocol import Protection, SafeMedia

__all__ = ["SafeMedia", "Sanitizer"]

log = structlog.get_logger()


class Sanitizer:
    """Owns `processes` decoding processes; each has `seconds` for a file and starts with the first.

    To be used as an asynchronous context manager, which ends the processes.
    """

    def __init__(self, processes: int = 1, *, seconds: float = SECONDS) -> None:
        self._processes = processes
        self._told = False
        self._idle: asyncio.LifoQueue[DecoderProcess] = asyncio.LifoQueue()
        for _ in range(processes):
            self._idle.put_nowait(DecoderProcess(seconds))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for _ in range(self._processes):  # each once it has finished its file
            decoder = await self._idle.get()
            await decoder.close()

    async def make_safe(self, data: bytes, *, keep_sound: bool = False) -> SafeMedia:
        """The safe copy of a picture or video, its sound only with `keep_sound`.

        Raises MediaRefused; its reason is one of too_large (over 20 MB), too_many_pixels (over 50
        megapixels), unsupported (no allowed format), broken, too_slow (over the time or memory
        limit) and no_picture (a video of sound alone).
        """
        if len(data) > MOST_BYTES:
            raise MediaRefused("too_large")
        decoder = await self._idle.get()
        try:
            return await decoder.ask(data, keep_sound)
        finally:
            self._tell_once(decoder.missing)
            self._idle.put_nowait(decoder)

    def _tell_once(self, missing: Collection[Protection] | None) -> None:
        """Warns an operator of what the kernel withholds; it does so from every decoder alike."""
        if missing and not self._told:
            self._told = True
            log.warning("decoder.less_confined", missing=" ".join(missing))
