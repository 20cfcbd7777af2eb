"""Every row of the matrix, a little of each; ``make faults`` plays them in full."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from tests.faults import rows
from tests.faults.__main__ import SEED
from tests.faults.matrix import ROWS, Count, Scale, table

assert rows


@pytest.mark.parametrize("name", ROWS)
def test_nothing_is_lost_and_nothing_comes_twice(name: str, tmp_path: Path) -> None:
    count = asyncio.run(ROWS[name].play(tmp_path, Scale(short=True), SEED))
    gc.collect()  # whatever was left open is this row's fault and not that of a later test
    assert count.tried > 0
    assert count.sent > 0
    assert (count.lost, count.duplicated) == (0, 0), count


def test_the_table_has_a_line_for_each_row() -> None:
    counts = dict.fromkeys(ROWS, Count(1, 2, 3, 4, 5.0, "a note"))
    lines = table(counts).splitlines()
    assert len(lines) == len(ROWS) + 2
    assert lines[-1].endswith("| 1 | 2 | 3 | 4 | 5.0 s | a note |")
