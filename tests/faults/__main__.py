"""``python -m tests.faults [--short] [--write] [ROW …]``: play it, print it, say if it holds.

With ``--write`` the table goes into docs/reliability.md, with the rows that failed; so that it is
one run's and whole, no rows can be named then.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from tests.faults import rows
from tests.faults.matrix import ROWS, Count, failure, table

SEED = 20261124
DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- matrix -->\n", "<!-- end of matrix -->\n"
_SWITCHES = {"--short", "--write"}


def main(words: list[str]) -> int:
    """Play the rows that were named, or all.

    0 if nothing was lost and nothing came twice, 1 if a row failed, 2 if this cannot be played.
    """
    switches, named = _SWITCHES.intersection(words), [one for one in words if one not in _SWITCHES]
    if wrong := _misunderstood(switches, named):
        print(wrong, file=sys.stderr)
        return 2
    short = "--short" in switches
    began = time.monotonic()
    counts = {name: _played(name, short=short) for name in named or ROWS}
    written = f"{_header(time.monotonic() - began, short=short)}\n\n{table(counts, short=short)}\n"
    print(written)
    if "--write" in switches:
        _write(written)
    return int(not all(count.holds for count in counts.values()))


def _misunderstood(switches: set[str], named: list[str]) -> str:
    """The sentence for words that mean nothing, or nothing together."""
    if unknown := [name for name in named if name not in ROWS]:
        return f"No such row: {', '.join(unknown)}. There are {', '.join(ROWS)}."
    if named and "--write" in switches:
        return "--write writes the table of a whole run: name no rows, or leave it out."
    return ""


def _played(name: str, *, short: bool) -> Count:
    """What came out of a row. One that fails says so in its line, and the others are played."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            count = asyncio.run(ROWS[name].played(Path(folder), SEED, short=short))
        except Exception as error:
            traceback.print_exc()
            count = failure(error)
    print(f"{name}: {count} ({time.monotonic() - began:.0f} s)", flush=True)
    return count


def _header(seconds: float, *, short: bool) -> str:
    played = "The short version" if short else "In full"
    took = f"{seconds / 60:.0f} minutes" if seconds >= 100 else f"{seconds:.0f} seconds"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"{played}, {today}, {os.cpu_count()} cores, {took}, seed {SEED}."


def _write(written: str) -> None:
    text = DOCUMENT.read_text("utf-8")
    begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    DOCUMENT.write_text(text[:begin] + written + text[end:], "utf-8")


if __name__ == "__main__":
    assert rows
    raise SystemExit(main(sys.argv[1:]))
