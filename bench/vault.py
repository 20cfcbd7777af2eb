"""What the vault costs each report: sealing its way back, and opening both layers for a notice.

No vault at all is the address written as JSON and read again.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median as middle

import orjson

from bench.report import Report
from bench.targets import Target, median
from bot.vault.keys import KeyFolder
from bot.vault.sealing import ReturnAddress, open_inner, open_outer, seal

NO_VAULT = "no vault: written and read again"
SEAL = "sealing, once a report"
OPEN = "opening both layers, once a notice"
_EPOCH, _RECORD, _REFERENCE = "2026-11", "A" * 22, "R" * 26
_TO = ReturnAddress("telegram", "600000001", "zh", "7K2M")


def vault(quick: bool) -> Report:
    """Each operation many times in a few rounds, all on one core."""
    report = Report("The vault, on one core", NO_VAULT)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        keys = KeyFolder(Path(name))
        keys.create(_EPOCH)
        sealed = seal(keys, _EPOCH, _RECORD, _REFERENCE, _TO)
        inner = open_outer(keys, _RECORD, _REFERENCE, sealed)
        operations: dict[str, Callable[[], object]] = {
            NO_VAULT: lambda: ReturnAddress(*orjson.loads(_written())),
            SEAL: lambda: seal(keys, _EPOCH, _RECORD, _REFERENCE, _TO),
            "opening the outer layer": lambda: open_outer(keys, _RECORD, _REFERENCE, sealed),
            "opening the inner layer": lambda: open_inner(keys, _RECORD, inner),
            OPEN: lambda: open_inner(keys, _RECORD, open_outer(keys, _RECORD, _REFERENCE, sealed)),
        }
        for what, operation in operations.items():
            _measure(report, what, operation, rounds=3 if quick else 7)
    return report


def _written() -> bytes:
    return orjson.dumps([_TO.channel, _TO.address, _TO.locale, _TO.tail])


def _measure(report: Report, what: str, operation: Callable[[], object], rounds: int) -> None:
    p50, rate = [], []
    for _ in range(rounds):
        times = [_seconds(operation) for _ in range(500)]
        p50.append(middle(times) * 1e6)
        rate.append(len(times) / sum(times))
    report.add(what, "µs, p50", p50)
    report.add(what, "per second and core", rate)


def _seconds(operation: Callable[[], object]) -> float:
    began = time.perf_counter()
    operation()
    return time.perf_counter() - began


def measure(quick: bool = False) -> list[Report]:
    """Every table of this benchmark."""
    return [vault(quick)]


def targets(tables: Sequence[Report]) -> list[Target]:
    """What is promised of the vault."""
    [table] = tables
    return [
        Target("sealing a report's way back, ms", median(table, SEAL, "µs, p50") / 1e3, most=1),
        Target("opening it for a notice, ms", median(table, OPEN, "µs, p50") / 1e3, most=2),
    ]


if __name__ == "__main__":
    for shown in measure("--quick" in sys.argv):
        print(shown.markdown())
