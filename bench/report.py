"""Collects what a benchmark measured and prints it as a table that can stand in the documentation.

Figures are only worth comparing within one run on one machine, so each table names a reference and
gives every other measure of the same unit as a multiple of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Measure:
    """One named quantity, measured several times."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)


@dataclass(slots=True)
class Report:
    """The measures of one benchmark; `reference` names the one that others are compared with."""

    title: str
    reference: str
    measures: list[Measure] = field(default_factory=list)

    def add(self, name: str, unit: str, values: list[float]) -> None:
        """Adds a measure; ValueError without values or where name and unit are taken."""
        if not values:
            raise ValueError(f"{name} was never measured")
        if any((name, unit) == (known.name, known.unit) for known in self.measures):
            raise ValueError(f"{name} in {unit} is already there")
        self.measures.append(Measure(name, unit, tuple(values)))

    def ratio(self, name: str, unit: str, to: str | None = None) -> float:
        """A measure's median as a multiple of another's, by default the reference's."""
        return self._find(name, unit).median / self._find(to or self.reference, unit).median

    def markdown(self) -> str:
        """The table; the last column is empty for units that the reference was not measured in."""
        lines = [
            f"**{self.title}**",
            "",
            f"| what | unit | median | min | max | ÷ {self.reference} |",
            "|---|---|--:|--:|--:|--:|",
        ]
        return "\n".join(lines + [self._line(measure) for measure in self.measures]) + "\n"

    def _line(self, measure: Measure) -> str:
        low, middle, high = min(measure.values), measure.median, max(measure.values)
        figures = " | ".join(_short(figure) for figure in (middle, low, high))
        compared = any(
            (known.name, known.unit) == (self.reference, measure.unit) for known in self.measures
        )
        ratio = _short(self.ratio(measure.name, measure.unit)) if compared else ""
        return f"| {measure.name} | {measure.unit} | {figures} | {ratio} |"

    def _find(self, name: str, unit: str) -> Measure:
        for measure in self.measures:
            if (measure.name, measure.unit) == (name, unit):
                return measure
        raise KeyError(f"{name} in {unit}")


def _short(figure: float) -> str:
    """Three significant digits, without an exponent."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"
