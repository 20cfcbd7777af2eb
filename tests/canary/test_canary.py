"""Nobody is found: not in what is left, not with any one key. With all keys, they are.

One walk through every path for each way that Telegram has; then all that is left is searched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.canary import evidence
from tests.canary.forms import Search
from tests.canary.paths import PATHS
from tests.canary.scene import NUMBER, scene
from tests.canary.thief import Thief

MODES = [("polling", "plain"), ("webhook", "json")]


@dataclass
class Left:
    """What a walk left behind."""

    folder: Path
    people: dict[str, str | int]
    files: dict[str, str | int]
    receipts: dict[str, str | int]
    places: dict[str, bytes]
    commands: list[list[bytes]]
    public: str

    @property
    def keys(self) -> Path:
        """The keys folder."""
        return self.folder / "data" / "keys"

    @property
    def secrets(self) -> list[str]:
        """Every file in it that is not public, by its path in it."""
        paths = [path.relative_to(self.keys) for path in self.keys.rglob("*") if path.is_file()]
        return sorted(map(str, (path for path in paths if path.parts[0] != "public")))


async def walk(folder: Path, mode: str, log_format: str) -> Left:
    """All paths, and then all that is left."""
    async with scene(folder, mode, log_format) as here:
        for path in PATHS.values():
            await path(here)
        programme = here.city.programme
        metrics = await _get(f"{programme.url}/metrics")
        places = {
            "metrics": metrics,
            **evidence.store(programme),
            **evidence.processes(programme),
            **evidence.memory(programme),
            **evidence.files(folder),
        }
        commands = evidence.commands(folder)
        public = here.browser.token
        return Left(folder, here.people, here.files, {**here.receipts}, places, commands, public)


async def _get(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.read()


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: mode[0])
def left(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    folder = tmp_path_factory.mktemp("canary")
    yield asyncio.run(walk(folder, *request.param))


def test_enough_is_left_to_look_through(left: Left) -> None:
    """The search would find nothing in nothing."""
    names = "\n".join(left.places)
    for wanted in (".incr.aof", "dump.rdb", "desk", "output", "key b'vault:", "memory of desk"):
        assert wanted in names
    said = left.places[next(name for name in left.places if name.startswith("data/desk"))]
    whole = b"".join(left.places.values())
    assert "安全出口被货架堵住".encode() in whole
    assert said
    assert len(left.commands) > 50
    assert len(left.files) >= 3


def test_nobody_is_found(left: Left) -> None:
    assert Search(left.people).hits(left.places) == []


def test_no_file_of_the_messenger_is_found(left: Left) -> None:
    assert Search(left.files).hits(left.places) == []


def test_no_receipt_is_found(left: Left) -> None:
    assert len(left.receipts) >= 2
    assert Search(left.receipts).hits(left.places) == []


def test_nobody_is_found_with_any_one_key(left: Left, tmp_path: Path) -> None:
    search = Search(left.people)
    opened = {}
    for name in left.secrets:
        yields = list(
            Thief(tmp_path / name.replace("/", "-"), left.keys, [name]).yields(left.commands)
        )
        opened[name] = len(yields)
        assert search.hits_in(yields) == [], f"with {name}"
    # Some keys do open a layer, or this would prove nothing.
    assert sum(count > 0 for count in opened.values()) >= 3, opened


def test_with_all_keys_everybody_is_found(left: Left, tmp_path: Path) -> None:
    yields = list(Thief(tmp_path / "all", left.keys, left.secrets).yields(left.commands))
    assert Search({"number": NUMBER}).hits_in(yields)
    assert Search({"token": left.public}).hits_in(yields)
