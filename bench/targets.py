"""What the project has promised of its speed and size, and whether a run kept it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report import Report


@dataclass(frozen=True, slots=True)
class Target:
    """A promise: `least` or `most` is the figure that it names."""

    what: str
    figure: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        """Whether it was kept."""
        enough = self.least is None or self.figure >= self.least
        return enough and (self.most is None or self.figure <= self.most)


def median(table: Report, name: str, unit: str) -> float:
    """The median of a measure. Raises `KeyError`."""
    return next(one.median for one in table.measures if (one.name, one.unit) == (name, unit))


def largest(table: Report, name: str, unit: str) -> float:
    """The largest value of a measure. Raises `KeyError`."""
    return next(max(one.values) for one in table.measures if (one.name, one.unit) == (name, unit))


def nothing(_: Sequence[Report]) -> list[Target]:
    """What is promised of tables that only compare."""
    return []


def markdown(targets: Sequence[Target]) -> str:
    """The promises as a table."""
    lines = ["**Targets, by medians**", "", "| what | wanted | measured | |", "|---|--:|--:|---|"]
    for one in targets:
        wanted = f"≥ {one.least:g}" if one.least is not None else f"≤ {one.most:g}"
        verdict = "met" if one.met else "**not met**"
        lines.append(f"| {one.what} | {wanted} | {one.figure:.3g} | {verdict} |")
    return "\n".join(lines) + "\n"
