"""A loop that does not turn any more ends its process, whatever it is that keeps it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECONDS = 0.5
AROUND = """
import asyncio, re, time
from bot.watchdog import watched

def beguiled(words):
    {body}

async def main():
    async with watched({seconds}):
        {within}
    {after}
    print("well", flush=True)

asyncio.run(main())
"""
KEEPS = {
    "a loop": "while True: pass",
    "a regular expression, which never lets go of the interpreter": (
        "re.match('(a|a)*b', 'a' * 100)"
    ),
    "a wait that is nobody else's turn": "time.sleep(60)",
}


async def ran(body: str = "pass", within: str = "pass", after: str = "pass") -> tuple[int, str]:
    """The exit code, and all that was said, of a process that does this."""
    words = AROUND.format(seconds=SECONDS, body=body, within=within, after=after)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize("body", KEEPS.values(), ids=KEEPS)
@pytest.mark.parametrize("first", ["", "await asyncio.sleep(0.1); "], ids=["at once", "later"])
async def test_what_keeps_the_loop_ends_the_process_and_its_place_is_told(
    first: str, body: str
) -> None:
    code, said = await ran(body, within=f"{first}beguiled('somebody said this')")
    assert code == 1
    assert "in beguiled" in said
    assert "somebody said this" not in said


async def test_a_loop_that_turns_is_left_alone() -> None:
    """It waits for longer than the limit, and is kept for a good part of it."""
    waits = f"await asyncio.sleep({2 * SECONDS}); time.sleep({SECONDS / 3})"
    assert await ran(within=waits) == (0, "well\n")


async def test_nobody_watches_afterwards() -> None:
    assert await ran(after=f"time.sleep({2 * SECONDS})") == (0, "well\n")
