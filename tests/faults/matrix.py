"""The rows: what is done, what must come out, and the table that is made of it."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# What a row may take, in seconds, before it has failed; in full, and short.
LONGEST_SECONDS = (1800.0, 170.0)
_REASON_MOST = 200


@dataclass
class Count:
    """What came out of a row. `worst` is the longest from a promise to its case, in seconds.

    `failed` is why a row did not come to its end; its numbers then say nothing.
    """

    tried: int = 0
    sent: int = 0
    lost: int = 0
    duplicated: int = 0
    worst: float | None = None
    note: str = ""
    failed: str = ""

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

    @property
    def holds(self) -> bool:
        """Whether it came out as it must: something was tried, nothing lost, nothing twice."""
        return bool(self.tried and self.sent) and not (self.failed or self.lost or self.duplicated)


Numbers = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Scale:
    """How much is tried; `short` is what every run of the tests does.

    `numbers` has for each name how much in full, and how much short.
    """

    short: bool
    numbers: Numbers

    def __getitem__(self, name: str) -> int:
        return self.numbers[name][self.short]


Play = Callable[[Path, Scale, int], Coroutine[None, None, Count]]


@dataclass(frozen=True)
class Row:
    """One fault. `play` takes a folder, the scale and a seed, and fails if the outcome is wrong."""

    name: str
    fault: str
    numbers: Numbers
    play: Play

    def title(self, *, short: bool) -> str:
        """The fault with the numbers that were played."""
        return self.fault.format(
            **{name: f"{pair[short]:,}" for name, pair in self.numbers.items()}
        )

    async def played(self, folder: Path, seed: int, *, short: bool) -> Count:
        """What came out, within a time. Raises whatever the row does."""
        async with asyncio.timeout(LONGEST_SECONDS[short]):
            return await self.play(folder, Scale(short, self.numbers), seed)


ROWS: dict[str, Row] = {}


def row(fault: str, **numbers: tuple[int, int]) -> Callable[[Play], Play]:
    """Make a function a row of the matrix, called like the function.

    `numbers` are how much is played, in full and short; they stand in the `fault` by name.
    """

    def add(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        ROWS[name] = Row(name, fault, numbers, play)
        return play

    return add


def failure(error: BaseException) -> Count:
    """A row that did not come to its end, with the reason and where it was found."""
    return Count(failed="; ".join(dict.fromkeys(map(_reason, _leaves(error)))))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _reason(error: BaseException) -> str:
    ours = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "/tests/" in frame.filename
    ]
    where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    said = " ".join(str(error).split())
    said = said if len(said) <= _REASON_MOST else said[: _REASON_MOST - 1] + "…"
    return f"{type(error).__name__}{where}" + (f": {said}" if said else "")


def table(counts: dict[str, Count], *, short: bool) -> str:
    """The matrix as Markdown."""
    lines = [
        "| fault | tried | sent | lost | duplicated | worst delay | |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, count in counts.items():
        cells = [ROWS[name].title(short=short), *_cells(count)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _cells(count: Count) -> list[str]:
    if count.failed:
        return [*("–" * 5), f"**FAILED**: {count.failed}"]
    worst = "–" if count.worst is None else f"{count.worst:.1f} s"
    numbers = map(str, (count.tried, count.sent, count.lost, count.duplicated))
    return [*numbers, worst, count.note]
