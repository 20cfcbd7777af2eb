"""What a kernel does not give the decoding process is told to the operator, once."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.workers.media import samples

ROOT = Path(__file__).parents[3]
LANDLOCK = 444
UNSHARE = {"x86_64": 272, "aarch64": 97}

CONFINED = """
from workers.media.confinement import confine
print(*confine())
"""

WORKER = """
import asyncio, ctypes, sys
from bot.logs import configure_logs
from tests.workers.media.running import decoders, outcome
from workers.media.confinement import refuse_calls
from workers.media.sanitizer import Sanitizer

NO_NEW_PRIVILEGES = 38
refused = tuple(map(int, sys.argv[1:]))
ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
assert not refused or refuse_calls(refused)

async def main(data):
    async with Sanitizer(processes=2) as sanitizer:
        for _ in range(3):
            await asyncio.gather(*(outcome(sanitizer, data) for _ in range(4)))
            for decoder in decoders():
                decoder.kill()

configure_logs("json", "INFO", "media")
asyncio.run(main(sys.stdin.buffer.read()))
"""


def logged(*refused: int) -> list[dict[str, Any]]:
    """What a media worker logs where these calls are refused, and decoders have to be replaced."""
    ran = subprocess.run(
        [sys.executable, "-c", WORKER, *map(str, refused)],
        cwd=ROOT,
        input=samples.saved(samples.picture(), "JPEG"),
        stderr=subprocess.PIPE,
        check=True,
    )
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_a_kernel_that_refuses_both_is_told_of_once() -> None:
    """As Docker's own filter refuses a namespace, and an old kernel Landlock."""
    (line,) = logged(LANDLOCK, UNSHARE[platform.machine()])
    del line["timestamp"]
    assert line == {
        "event": "decoder.less_confined",
        "level": "warning",
        "role": "media",
        "missing": "network files",
    }


def test_one_that_is_missing_is_named_alone() -> None:
    lines = logged(LANDLOCK)
    here = held_here() - {"files"}
    assert [line["missing"] for line in lines] == [
        " ".join(part for part in ("network", "files", "calls") if part not in here)
    ]


def test_nothing_is_said_where_all_of_it_holds() -> None:
    assert bool(logged()) == (held_here() != {"network", "files", "calls"})


def held_here() -> set[str]:
    """What this machine's kernel gives."""
    command = [sys.executable, "-c", CONFINED]
    return set(subprocess.check_output(command, cwd=ROOT, text=True).split())
