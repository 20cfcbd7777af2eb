"""The parent's hold on one decoding process: started when needed, killed when it misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from bot.core.errors import MediaRefused
from workers.media.limits import MIB
from workers.media.protocol import (
    GREETING,
    LENGTHS,
    QUESTION,
    BadAnswerError,
    Protection,
    SafeMedia,
    check_lengths,
    read_answer,
    read_missing,
)

_BUFFER = 4 * MIB  # a safe picture comes in one go
_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {
    "PYTHONPATH": str(_ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "PILLOW_BLOCKS_MAX": "2",  # 32 MB kept from file to file: fresh pages cost a fifth of the time
    "MALLOC_ARENA_MAX": "1",  # one heap, or its reserves count against the address space
}


class DecoderProcess:
    """One decoding process, or the place of one that was killed.

    `missing` is what the kernel did not keep it from; None until it has told.
    """

    def __init__(self, seconds: float) -> None:
        self.missing: tuple[Protection, ...] | None = None
        self._seconds = seconds
        self._process: Process | None = None

    async def ask(self, data: bytes, keep_sound: bool) -> SafeMedia:
        """The decoder's checked answer.

        Raises MediaRefused with the decoder's reason, or "too_slow" or "broken" if it had to be
        killed or died; the next question gets a new process.
        """
        process = await self._running()
        try:
            async with asyncio.timeout(self._seconds):
                if self.missing is None:
                    self.missing = await _greeted(process)
                parts = await _exchange(process, data, keep_sound)
                return read_answer(*parts)
        except MediaRefused:
            raise
        except TimeoutError:
            await self.close()
            raise MediaRefused("too_slow") from None
        except (asyncio.IncompleteReadError, ConnectionError, BadAnswerError):
            status = await self.close()
            raise MediaRefused("too_slow" if status == -signal.SIGXCPU else "broken") from None
        except BaseException:  # cancelled: half an answer may still come, and not for the next
            await self.close()
            raise

    async def close(self) -> int | None:
        """Kills the process if there is one, waits for its end; its exit status."""
        process, self._process, self.missing = self._process, None, None
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a group that nothing in it can leave
        await process.communicate()
        return process.returncode

    async def _running(self) -> Process:
        if self._process is not None and _has_ended(self._process):
            await self.close()
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-s", "-m", "workers.media.decoder"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=_BUFFER,
                cwd=os.sep,
                env=_ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is for the parent, which lets a file be finished
            )
        return self._process


def _has_ended(process: Process) -> bool:
    """Asked of the kernel: the loop hears of it later, and a file would be lost meanwhile."""
    try:
        found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # somebody has fetched its exit status already
        return True
    return found is not None


async def _greeted(process: Process) -> tuple[Protection, ...]:
    """What it is not kept from; to be believed, for it has seen no stranger's file yet."""
    assert process.stdout is not None
    return read_missing(await process.stdout.readexactly(GREETING.size))


async def _exchange(process: Process, data: bytes, keep_sound: bool) -> tuple[bytes, bytes, bytes]:
    questions, answers = process.stdin, process.stdout
    assert questions is not None
    assert answers is not None
    questions.write(QUESTION.pack(len(data), keep_sound))
    questions.write(data)
    await questions.drain()
    head, body, thumbnail = check_lengths(await answers.readexactly(LENGTHS.size))
    return (
        await answers.readexactly(head),
        await answers.readexactly(body),
        await answers.readexactly(thumbnail),
    )
