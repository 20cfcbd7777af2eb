"""Looks at the decoding processes that a test has started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil


def decoders() -> list[psutil.Process]:
    """The living decoding processes of this test run."""
    children = psutil.Process().children()
    return [child for child in children if "workers.media.decoder" in child.cmdline()]


def peak_memory(process: psutil.Process) -> int:
    """Most resident memory that a process ever had, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no peak")


async def until(condition: Callable[[], bool]) -> None:
    """Returns once `condition` holds; fails after ten seconds."""
    async with asyncio.timeout(10):
        await asyncio.sleep(0.01)
        while not condition():
            await asyncio.sleep(0.01)
