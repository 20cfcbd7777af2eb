"""Looks at the decoding processes that a test has started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil

from bot.core.errors import MediaRefused
from workers.media.sanitizer import Sanitizer

MOST_MEMORY = 400_000_000
"""What no file may make a decoding process take, in bytes resident."""


def decoders() -> list[psutil.Process]:
    """The living decoding processes of this test run."""
    return [child for child in psutil.Process().children() if _decodes(child)]


def _decodes(child: psutil.Process) -> bool:
    try:
        return "workers.media.decoder" in child.cmdline()
    except psutil.NoSuchProcess:  # it has ended, and nobody may have waited for it yet
        return False


def peak_memory(process: psutil.Process) -> int:
    """Most resident memory that a process ever had, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no peak")


async def outcome(sanitizer: Sanitizer, data: bytes, *, keep_sound: bool = False) -> str:
    """What became of a file: "picture", "video" or why it was refused."""
    try:
        return (await sanitizer.make_safe(data, keep_sound=keep_sound)).kind
    except MediaRefused as refused:
        return refused.reason


async def cost(data: bytes, *, keep_sound: bool = False) -> tuple[str, int]:
    """The outcome of a file in a fresh process, and that process's peak memory in bytes.

    Not for a file that has it killed: nobody can ask a dead process.
    """
    async with Sanitizer() as sanitizer:
        became = await outcome(sanitizer, data, keep_sound=keep_sound)
        return became, peak_memory(decoders()[0])


async def until(condition: Callable[[], bool]) -> None:
    """Returns once `condition` holds; fails after ten seconds."""
    async with asyncio.timeout(10):
        await asyncio.sleep(0.01)
        while not condition():
            await asyncio.sleep(0.01)
