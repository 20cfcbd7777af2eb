"""The rows: what is done, what must come out, and the table that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Count:
    """What came out of a row. `worst` is the longest from a promise to its case, in seconds."""

    tried: int = 0
    sent: int = 0
    lost: int = 0
    duplicated: int = 0
    worst: float | None = None
    note: str = ""

    def __add__(self, other: Count) -> Count:
        worst = [one for one in (self.worst, other.worst) if one is not None]
        notes = [one for one in (self.note, other.note) if one]
        return Count(
            self.tried + other.tried,
            self.sent + other.sent,
            self.lost + other.lost,
            self.duplicated + other.duplicated,
            max(worst) if worst else None,
            "; ".join(dict.fromkeys(notes)),
        )


@dataclass(frozen=True)
class Scale:
    """How much is tried; `short` is what every run of the tests does."""

    short: bool

    def of(self, full: int, short: int) -> int:
        """The number for this scale."""
        return short if self.short else full


Play = Callable[[Path, Scale, int], Coroutine[None, None, Count]]


@dataclass(frozen=True)
class Row:
    """One fault. `play` takes a folder, the scale and a seed, and fails if the outcome is wrong."""

    name: str
    fault: str
    play: Play


ROWS: dict[str, Row] = {}


def row(fault: str) -> Callable[[Play], Play]:
    """Make a function a row of the matrix, called like the function."""

    def add(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        ROWS[name] = Row(name, fault, play)
        return play

    return add


def table(counts: dict[str, Count]) -> str:
    """The matrix as Markdown."""
    lines = [
        "| fault | tried | sent | lost | duplicated | worst delay | |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, count in counts.items():
        worst = "–" if count.worst is None else f"{count.worst:.1f} s"
        cells = (count.tried, count.sent, count.lost, count.duplicated, worst, count.note)
        lines.append(f"| {ROWS[name].fault} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
