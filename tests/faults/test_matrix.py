"""Every row of the matrix, a little of each; ``make faults`` plays them in full."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.faults import rows
from tests.faults.__main__ import SEED, main
from tests.faults.matrix import ROWS, Count, Row, Scale, failure, table
from tests.faults.people import Ledger, crowds
from tests.whole.programme import free_port

assert rows


@pytest.mark.parametrize("name", ROWS)
def test_nothing_is_lost_and_nothing_comes_twice(name: str, tmp_path: Path) -> None:
    count = asyncio.run(ROWS[name].played(tmp_path, SEED, short=True))
    gc.collect()  # whatever was left open is this row's fault and not that of a later test
    assert count.holds, count


def test_the_table_has_a_line_for_each_row() -> None:
    counts = dict.fromkeys(ROWS, Count(1, 2, 3, 4, 5.0, "a note"))
    lines = table(counts, short=True).splitlines()
    assert len(lines) == len(ROWS) + 2
    assert lines[-1].endswith("| 1 | 2 | 3 | 4 | 5.0 s | a note |")


def test_a_title_tells_how_much_was_played() -> None:
    one = Row("a", "{count} reports wait", {"count": (2000, 20)}, _breaks)
    assert one.title(short=False) == "2,000 reports wait"
    assert one.title(short=True) == "20 reports wait"


@pytest.mark.parametrize("name", ROWS)
def test_every_title_has_its_numbers(name: str) -> None:
    one = ROWS[name]
    assert all(f"{{{number}}}" in one.fault for number in one.numbers)
    assert "{" not in one.title(short=True)


async def _breaks(folder: Path, scale: Scale, seed: int) -> Count:
    async with asyncio.TaskGroup() as group:
        group.create_task(_asserts())
    return Count(1, 1)


async def _asserts() -> None:
    assert not "two | receipts", "two receipts for one report"


async def _holds(folder: Path, scale: Scale, seed: int) -> Count:
    return Count(1, 1)


async def test_trouble_that_breaks_off_is_told_while_people_still_wait() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    async def breaks() -> None:
        raise ValueError("the store does not come back")

    async with asyncio.timeout(10):
        with pytest.raises(ExceptionGroup) as raised:
            await crowds([nobody], Ledger(), asyncio.create_task(breaks()))
    assert "the store does not come back" in failure(raised.value).failed


def test_a_row_that_breaks_stands_in_the_table_and_the_others_are_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "reliability.md"
    document.write_text("before\n<!-- matrix -->\nold\n<!-- end of matrix -->\nafter\n")
    some = {"broken": Row("broken", "b", {}, _breaks), "good": Row("good", "g", {}, _holds)}
    with patch.dict(ROWS, some, clear=True), patch("tests.faults.__main__.DOCUMENT", document):
        assert main(["--short", "--write"]) == 1
    written = document.read_text()
    assert written.startswith("before\n<!-- matrix -->\nThe short version, ")
    assert written.endswith("| g | 1 | 1 | 0 | 0 | – |  |\n<!-- end of matrix -->\nafter\n")
    assert f"seed {SEED}" in written
    assert "| b | – | – | – | – | – | **FAILED**: AssertionError at test_matrix.py:" in written
    assert "two receipts for one report" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--write", "bot-killed-webchat"], ["no-such-row"], ["--shrt"]])
def test_what_cannot_be_played_is_refused(words: list[str]) -> None:
    assert main(words) == 2


def test_a_reason_is_one_short_line() -> None:
    count = failure(AssertionError("one\ntwo " + "x" * 1000))
    assert "\n" not in count.failed
    assert len(count.failed) < 300
    assert not count.holds
