"""Nobody is found: not in what is left, not with any one key. With all keys, they are.

One walk through every path for each way that Telegram has; then all that is left is searched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.store.connection import Store
from tests.canary import evidence
from tests.canary.at_telegram import SEEN
from tests.canary.at_work import metrics
from tests.canary.forms import Search
from tests.canary.guesser import Guesser
from tests.canary.paths import PATHS
from tests.canary.scene import NUMBER, Scene, scene
from tests.canary.thief import Thief

HOUR_MS = 3_600_000
# Bells, rq's own and the pace of Telegram, which belong to nobody.
PASSING = ("bell:", "rq:", "rewritten", "sent:", "telegram:")
# It holds the moment itself, as long as the case system does not have it.
DATED = "report:"
MODES = [("polling", "plain"), ("webhook", "json")]
# Some hundred numbers on either side of everybody's.
GUESSED = [str(NUMBER + step) for step in range(-150, 250)]


@dataclass(repr=False)
class Left:
    """What a walk left behind, and the truth about it.

    `journal` are all commands that the store ever wrote down, `commands` those that its files still
    have, `standing` those that would make what it holds; `snapshot` is that as the store dumps it.
    """

    folder: Path
    people: dict[str, str | int]
    files: dict[str, str | int]
    receipts: dict[str, str]
    gone: set[str]
    numbers: dict[str, str]
    settings: dict[str, str | int]
    places: dict[str, bytes]
    journal: list[list[bytes]]
    commands: list[list[bytes]]
    standing: list[list[bytes]]
    snapshot: dict[bytes, bytes]
    ends: dict[str, int]

    @property
    def keys(self) -> Path:
        """The keys folder."""
        return self.folder / "data" / "keys"

    @property
    def secrets(self) -> list[str]:
        """Every file in it that is not public, by its path in it."""
        paths = [path.relative_to(self.keys) for path in self.keys.rglob("*") if path.is_file()]
        return sorted(map(str, (path for path in paths if path.parts[0] != "public")))

    def stolen(self, *names: str) -> list[bytes]:
        """These secrets."""
        return [(self.keys / name).read_bytes() for name in names]


async def walk(folder: Path, mode: str, log_format: str) -> Left:
    """All paths, and then all that is left."""
    async with scene(folder, mode, log_format) as here:
        journal = evidence.Journal(folder)
        for path in PATHS.values():
            await path(here)
            journal.keep()
        await asyncio.to_thread(evidence.erased, here.city.programme)
        journal.keep()
        return await _left(folder, here, journal)


async def _left(folder: Path, here: Scene, journal: evidence.Journal) -> Left:
    programme = here.city.programme
    places = {
        "metrics": await metrics(here),
        **here.traffic.places(),
        **evidence.store(programme),
        **evidence.processes(programme),
        **evidence.memory(programme),
        **evidence.files(folder),
    }
    return Left(
        folder=folder,
        people=here.people,
        files=here.files,
        receipts=here.receipts,
        gone=here.gone,
        numbers={name: str(one.person.id) for name, one in here.residents.items()},
        settings={
            name: programme.settings[name] for name in ("BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET")
        },
        places=places,
        journal=journal.commands(),
        commands=evidence.commands(folder),
        standing=evidence.standing(programme),
        snapshot=evidence.snapshot(programme),
        ends=evidence.ends(programme),
    )


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: mode[0])
def left(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    folder = tmp_path_factory.mktemp("canary")
    yield asyncio.run(walk(folder, *request.param))


@pytest.fixture
async def copy(left: Left, store: Store) -> Store:
    """A copy of the store, as whoever stole its file makes one."""
    for name, value in left.snapshot.items():
        await store.client.restore(name, 0, value)
    return store


def test_enough_is_left_to_look_through(left: Left) -> None:
    """The search would find nothing in nothing."""
    names = "\n".join(left.places)
    wanted = [".incr.aof", "dump.rdb", "desk", "output", "key b'vault:", "memory of desk"]
    for name in wanted:
        assert name in names
    assert left.places[next(name for name in left.places if name.startswith("data/desk"))]
    whole = b"".join(left.places.values())
    assert SEEN.encode() in whole
    assert b"Error handling request from" in whole
    assert len(left.journal) > 500
    assert len(left.files) >= 5


def test_the_case_traffic_is_there_in_both_directions_and_readable(left: Left) -> None:
    said = {name: one for name, one in left.places.items() if name.startswith("traffic")}
    for asks, answers, words in (
        ("push", "desk", b"POST /open311/v2/requests.json HTTP/1.1\r\n"),
        ("desk", "gateway", b"POST /hooks/case HTTP/1.1\r\n"),
    ):
        there = b"".join(one for name, one in said.items() if f"from {asks} to" in name)
        back = b"".join(one for name, one in said.items() if f"from {answers} to" in name)
        assert words in there
        assert b"HTTP/1.1 200 OK\r\n" in back
        assert b"content-encoding" not in (there + back).lower()


def test_nobody_is_found(left: Left) -> None:
    assert Search(left.people).hits(left.places) == []


def test_no_file_of_the_messenger_is_found(left: Left) -> None:
    assert Search(left.files).hits(left.places) == []


def test_no_receipt_is_found(left: Left) -> None:
    assert len(left.receipts) >= 10
    assert Search(left.receipts).hits(left.places) == []


def test_no_secret_of_the_settings_is_written_down(left: Left) -> None:
    """Every process has its environment in memory; nothing else has them."""
    written = {name: one for name, one in left.places.items() if not name.startswith("memory")}
    assert Search(left.settings).hits(written) == []


def test_nobody_is_found_with_any_one_key(left: Left, tmp_path: Path) -> None:
    search = Search(left.people)
    opened = {}
    for name in left.secrets:
        thief = Thief(tmp_path / name.replace("/", "-"), left.keys, [name])
        yields = list(thief.yields([*left.journal, *left.standing]))
        opened[name] = len(yields)
        assert search.hits_in(yields) == [], f"with {name}"
    # Some keys do open a layer, or this would prove nothing.
    assert sum(count > 0 for count in opened.values()) >= 3, opened


def test_with_all_keys_everybody_is_found(left: Left, tmp_path: Path) -> None:
    thief = Thief(tmp_path / "all", left.keys, left.secrets)
    yields = b"\n".join(thief.yields([*left.journal, *left.standing]))
    wanted = [f"number of {name}" for name in ("resident", "filmer", "regretful", "leaver")]
    wanted += [f"token of {name}" for name in ("browser", "filmer", "regretful")]
    for name in wanted:
        assert Search({name: left.people[name]}).hits({"all": yields}), name


def test_who_is_gone_is_not_found_with_all_keys_either(left: Left, tmp_path: Path) -> None:
    """Neither in the store nor in what its files have by now; everybody else is."""
    thief = Thief(tmp_path / "all", left.keys, left.secrets)
    ways = b"\n".join(thief.yields([*left.commands, *left.standing]))
    assert len(left.gone) == 4
    for name, receipt in left.receipts.items():
        there = f"tail='{receipt[-4:]}'".encode() in ways
        assert there == (name not in left.gone), name


async def test_with_one_key_a_guessed_address_leads_to_no_report(left: Left, copy: Store) -> None:
    """At most to a draft and the last receipt, as docs/privacy.md says."""
    for name in left.secrets:
        found = await Guesser(copy, left.stolen(name)).finds("telegram", GUESSED)
        assert not any(known.reports for known in found.values()), name
        assert found.keys() == (set(left.numbers.values()) if name == "conversation" else set())
        if found:
            last = found[left.numbers["patient"]].draft
            assert last.receipt == left.receipts["waiting"]


async def test_with_the_keys_of_conversations_and_receipts_it_does(left: Left, copy: Store) -> None:
    stolen = left.stolen("conversation", "receipts")
    found = await Guesser(copy, stolen).finds("telegram", GUESSED)
    [words] = found[left.numbers["patient"]].reports.values()
    assert words == "waiting: " + SEEN


async def test_with_one_key_a_guessed_address_leads_to_no_picture(left: Left, copy: Store) -> None:
    """What a conversation remembers of its events does not tell which pictures came from it."""
    for name in left.secrets:
        found = await Guesser(copy, left.stolen(name)).finds("telegram", GUESSED)
        people = {number: known.pictures for number, known in found.items() if known.pictures}
        assert people == {}, name


def test_no_end_tells_what_began_together(left: Left) -> None:
    """What stands in the store ends at whole hours, as docs/privacy.md says."""
    passing = (*PASSING, DATED)
    odd = {key for key, end in left.ends.items() if end % HOUR_MS and not key.startswith(passing)}
    assert {key.partition(":")[0] for key in odd} == set()


def test_no_other_account_of_the_machine_may_read_what_is_left(left: Left) -> None:
    open_to_others = [
        str(path)
        for path in (left.folder / "data").rglob("*")
        if path.stat(follow_symlinks=False).st_mode & 0o077 and not path.is_socket()
    ]
    assert open_to_others == []
