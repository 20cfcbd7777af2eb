"""``python -m tests.faults.poisoned <how>``: a push worker that a poisonous report takes down.

It is the product's own but for what it does with a report that says "poison", and for its leases
and pauses, which are short enough to be waited for.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Callable
from unittest.mock import patch

import psutil

from bot.store.outbox import Entry
from workers.__main__ import main as work
from workers.push import Push

LEASE_SECONDS = 6.0
# The loop is seen to turn three times in a lease.
STUCK_SECONDS = 3.0
SWEEP_SECONDS = 1.0
RETRY_SECONDS = 0.05
# What a worker may take beyond what it has at its start, in bytes, stacks of threads included.
ROOM = 384 * 1024 * 1024


def _loop() -> None:
    while True:
        pass


def _memory() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(ROOM // 16))


def _segfault() -> None:
    ctypes.string_at(0)


HOW: dict[str, Callable[[], None]] = {"loop": _loop, "memory": _memory, "segfault": _segfault}


def bound_memory() -> None:
    """There is so much memory and no more."""
    most = psutil.Process().memory_info().vms + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(how: str) -> int:
    """Run the worker until it is stopped or dies; the exit code."""
    whole, strike = Push.do, HOW[how]

    async def do(push: Push, entry: Entry) -> None:
        report = await push._reports.report(entry.id)
        if report is not None and "poison" in report.description:
            strike()
        await whole(push, entry)

    if how == "memory":
        bound_memory()
    with (
        patch.object(Push, "do", do),
        patch.object(Push, "lease_seconds", LEASE_SECONDS),
        patch("workers.runtime.STUCK_SECONDS", STUCK_SECONDS),
        patch("workers.sweep.SWEEP_SECONDS", SWEEP_SECONDS),
        patch("workers.drain.FIRST_RETRY_SECONDS", RETRY_SECONDS),
        patch("workers.drain.LAST_RETRY_SECONDS", 2 * RETRY_SECONDS),
    ):
        return work("push")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
