"""A folder of media: what a killed process left unfinished goes with the object."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bot.store.media import UNFINISHED_MOST, MediaStore

ROOT = Path(__file__).parents[2]
PUTS_FOR_EVER = """
import asyncio, pathlib, sys
from bot.store.media import MediaStore

async def put():
    media, number = MediaStore.at("", pathlib.Path(sys.argv[1])), 0
    while True:
        number += 1
        await media.put(f"safe/{number % 4}", bytes(20_000_000))

asyncio.run(put())
"""


def unfinished(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*#*"))


def killed_as_it_writes(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PUTS_FOR_EVER, str(folder)], cwd=ROOT)
    while not unfinished(folder):
        assert process.poll() is None
    process.kill()
    process.wait()


async def test_what_was_left_unfinished_goes_with_its_object(tmp_path: Path) -> None:
    while not unfinished(tmp_path):  # it may just have finished as it was killed
        killed_as_it_writes(tmp_path)
    [left] = unfinished(tmp_path)
    name, _, number = str(left.relative_to(tmp_path / "media")).partition("#")
    assert int(number) <= UNFINISHED_MOST
    media = MediaStore.at("", tmp_path)
    await media.put(name, b"safe")
    await media.delete(name)
    assert unfinished(tmp_path) == []
    assert await media.get(name) is None
    await media.delete(name)
