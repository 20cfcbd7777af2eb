"""``python -m tests.faults [--short] [ROW …]``: play the matrix, print it, say whether it holds.

With ``--write`` the table goes into docs/reliability.md.
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
from tests.faults.matrix import ROWS, Count, Scale, table

SEED = 20261124
DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- matrix -->\n", "<!-- end of matrix -->\n"


def main(words: list[str]) -> int:
    """Play the rows that were named, or all; 0 if nothing was lost and nothing came twice."""
    names = [word for word in words if not word.startswith("--")] or list(ROWS)
    scale = Scale(short="--short" in words)
    counts: dict[str, Count] = {}
    for name in names:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                counts[name] = asyncio.run(ROWS[name].play(Path(folder), scale, SEED))
            except (AssertionError, TimeoutError):  # the other rows are worth knowing all the same
                traceback.print_exc()
        took = time.monotonic() - began
        print(f"{name}: {counts.get(name, 'FAILED')} ({took:.0f} s)", flush=True)
    print(table(counts))
    if "--write" in words:
        text = DOCUMENT.read_text("utf-8")
        begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
        played = "The short version" if scale.short else "In full"
        written = (
            f"{played}, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores.\n\n{table(counts)}\n"
        )
        DOCUMENT.write_text(text[:begin] + written + text[end:], "utf-8")
    fine = [one for one in counts.values() if not one.lost and not one.duplicated]
    return int(len(fine) < len(names))


if __name__ == "__main__":
    assert rows
    raise SystemExit(main(sys.argv[1:]))
