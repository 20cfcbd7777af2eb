"""What was in hand when a process ended is known to the next one, whatever the end was."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot import in_hand
from bot.in_hand import FILE_BYTES, KEPT_DAYS, NAME_BYTES, PROCESSES_MOST, REMEMBERED_MOST, SLOTS
from bot.in_hand import InHand as Notes
from config.settings import SettingRefused

ROOT = Path(__file__).parents[1]
KILLED = """
import sys
from pathlib import Path
from bot.in_hand import InHand

notes = InHand(Path(sys.argv[1]))
for word in sys.argv[2:]:
    assert notes.begin(bytes.fromhex(word))
print("in hand", flush=True)
sys.stdin.read()
"""


def name(of: object) -> bytes:
    return blake2b(str(of).encode(), digest_size=NAME_BYTES).digest()


def dies_with(folder: Path, *names: bytes) -> None:
    """A process that ends with these in hand; what it does not end well is left as it is."""
    notes = Notes(folder)
    for one in names:
        assert notes.begin(one)
    notes.close()


def deaths(folder: Path, names: Iterable[bytes]) -> list[int]:
    notes = Notes(folder)
    try:
        return [notes.deaths(one) for one in names]
    finally:
        notes.close()


async def test_a_kill_takes_nothing_of_it(tmp_path: Path) -> None:
    names = [name(1), name(2)]
    for times in range(1, 4):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", KILLED, str(tmp_path), *(one.hex() for one in names)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"in hand\n"
            process.kill()
            await process.communicate()
        assert deaths(tmp_path, [*names, name(3)]) == [times, times, 0]


def test_what_ended_is_not_in_hand(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    for number, well in ((1, True), (2, False)):
        assert notes.begin(name(number))
        notes.end(name(number), well=well)
    notes.close()
    assert deaths(tmp_path, [name(1), name(2)]) == [0, 0]
    assert name(1) not in (tmp_path / "0").read_bytes()


def test_deaths_are_forgotten_once_it_ends_well_and_not_before(tmp_path: Path) -> None:
    dies_with(tmp_path, name(1), name(2))
    notes = Notes(tmp_path)
    for number, well in ((1, False), (2, True)):
        assert notes.begin(name(number))
        notes.end(name(number), well=well)
    assert [notes.deaths(name(1)), notes.deaths(name(2))] == [1, 0]
    notes.close()
    assert deaths(tmp_path, [name(1), name(2)]) == [1, 0]


def test_what_is_in_hand_is_noted_once(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    assert notes.begin(name(1))
    assert not notes.begin(name(1))
    notes.close()
    assert deaths(tmp_path, [name(1)]) == [1]


def test_no_more_is_noted_than_there_is_room_for(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    assert all(notes.begin(name(number)) for number in range(SLOTS))
    assert not notes.begin(name("one more"))
    notes.end(name(0), well=True)
    assert notes.begin(name("one more"))
    notes.close()


def test_as_many_are_remembered_as_leave_room_and_those_with_the_most_deaths(
    tmp_path: Path,
) -> None:
    dies_with(tmp_path, name("twice"))
    dies_with(tmp_path, name("twice"), *(name(number) for number in range(REMEMBERED_MOST - 1)))
    known = [name("twice"), *(name(number) for number in range(REMEMBERED_MOST))]
    assert sorted(deaths(tmp_path, known)) == [0, *[1] * (REMEMBERED_MOST - 1), 2]
    dies_with(tmp_path, name(REMEMBERED_MOST - 1))
    found = deaths(tmp_path, known)
    assert found[0] == 2
    assert sum(map(bool, found)) == REMEMBERED_MOST
    notes = Notes(tmp_path)
    assert all(notes.begin(name(number)) for number in range(5_000, 5_000 + REMEMBERED_MOST))
    notes.close()


def test_deaths_beyond_counting_stay_the_most(tmp_path: Path) -> None:
    for _ in range(130):
        dies_with(tmp_path, name(1))
    assert deaths(tmp_path, [name(1), name(2)]) == [127, 0]


@pytest.mark.parametrize(("days", "known"), [(KEPT_DAYS, 1), (KEPT_DAYS + 1, 0), (-1, 1)])
def test_what_does_not_come_again_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, known: int
) -> None:
    dies_with(tmp_path, name(1))
    today = in_hand._today()
    monkeypatch.setattr(in_hand, "_today", lambda: today + days)
    assert deaths(tmp_path, [name(1)]) == [known]
    assert (name(1) in (tmp_path / "0").read_bytes()) is bool(known)


def test_a_process_that_goes_on_forgets_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies_with(tmp_path, name(1), name(2), name(3))
    notes, today = Notes(tmp_path), in_hand._today()
    assert notes.begin(name(2))
    monkeypatch.setattr(in_hand, "_today", lambda: today + KEPT_DAYS)
    assert notes.begin(name(3))
    notes.end(name(3), well=False)
    monkeypatch.setattr(in_hand, "_today", lambda: today + KEPT_DAYS + 1)
    assert notes.begin(name(4))
    assert [notes.deaths(name(number)) for number in (1, 2, 3, 4)] == [0, 1, 1, 0]
    assert name(1) not in (tmp_path / "0").read_bytes()
    notes.end(name(2), well=True)
    notes.close()
    assert deaths(tmp_path, [name(number) for number in (1, 2, 3, 4)]) == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 100,
        b"\xff" * FILE_BYTES,
        b"suishoupai: in hand, 0".ljust(FILE_BYTES, b"\x01"),
        b"suishoupai: in hand, 1".ljust(32, b"\0") + b"\xff" * (FILE_BYTES - 33),
        b"suishoupai: in hand, 1".ljust(32, b"\0") + b"\xff" * (FILE_BYTES - 31),
    ],
    ids=["empty", "short", "foreign", "an older version", "cut short", "longer"],
)
def test_what_is_no_file_of_ours_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "0").write_bytes(content)
    dies_with(tmp_path, name(1))
    assert deaths(tmp_path, [name(1)]) == [1]
    assert (tmp_path / "0").stat().st_size == FILE_BYTES
    assert b"\xff" not in (tmp_path / "0").read_bytes().replace(name(1), b"")


def test_a_file_of_ours_full_of_nonsense_is_survived(tmp_path: Path) -> None:
    heading = b"suishoupai: in hand, 1".ljust(32, b"\0")
    (tmp_path / "0").write_bytes(heading + b"\xff" * (FILE_BYTES - 32))
    dies_with(tmp_path, name(1))
    assert deaths(tmp_path, [name(1), b"\xff" * NAME_BYTES]) == [1, 0]


def test_each_process_has_a_file_and_the_next_one_takes_what_is_left(tmp_path: Path) -> None:
    first, second = Notes(tmp_path), Notes(tmp_path)
    assert first.begin(name(1))
    assert second.begin(name(2))
    second.close()
    third = Notes(tmp_path)
    assert [third.deaths(name(1)), third.deaths(name(2))] == [0, 1]
    first.close()
    assert deaths(tmp_path, [name(1), name(2)]) == [1, 0]
    third.close()


def test_so_many_processes_have_notes_in_a_folder_and_no_more(tmp_path: Path) -> None:
    all_of_them = [Notes(tmp_path) for _ in range(PROCESSES_MOST)]
    with pytest.raises(SettingRefused, match=f"DATA_DIR: .*{PROCESSES_MOST} processes"):
        Notes(tmp_path)
    for one in all_of_them:
        one.close()


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingRefused, match=r"DATA_DIR: cannot write to .*file/in_hand: Not a"):
        Notes(tmp_path / "file" / "in_hand")


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        dies_with(tmp_path / "in_hand")
    finally:
        os.umask(before)
    assert (tmp_path / "in_hand").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "in_hand" / "0").stat().st_mode & 0o777 == 0o600


def test_how_many_died_is_logged_and_nothing_else(tmp_path: Path) -> None:
    dies_with(tmp_path, name(1), name(2))
    with capture_logs() as logs:
        deaths(tmp_path, [])
        deaths(tmp_path, [])
    assert logs == [{"event": "turns.died", "count": 2, "log_level": "warning"}]
