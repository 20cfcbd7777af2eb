"""``python -m bench [--quick]``, which is ``make bench``: everything, as Markdown."""

from __future__ import annotations

import sys
import time

from bench import machine, pictures, push, receipts, size, turns, vault
from bench.targets import Target, markdown, nothing


def main(quick: bool) -> None:
    """Run every benchmark, each beside its peers, and print the tables; the targets come last."""
    began = time.monotonic()
    print(machine.described(), flush=True)
    promised: list[Target] = []
    for measure, promises in (
        (pictures.measure, pictures.targets),
        (size.measure, size.targets),
        (turns.measure, turns.targets),
        (receipts.measure, nothing),
        (push.measure, push.targets),
        (vault.measure, vault.targets),
    ):
        tables = measure(quick)
        print(*(table.markdown() for table in tables), sep="\n", flush=True)
        promised += promises(tables)
    print(markdown(promised))
    print(f"The run took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main("--quick" in sys.argv)
