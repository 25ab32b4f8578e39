"""Comparisons: a measure of this function beside that of a peer or a floor, taken in the same run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Column, Table

from express_sync.ops.terminal import output


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two series measured in turns, sample by sample; `goal` is the limit of the median ratio, or None."""

    measure: str
    unit: str
    ours: Sequence[float]
    beside: str
    theirs: Sequence[float]
    goal: float | None = None

    @property
    def ratios(self) -> list[float]:
        """Return the ratio of each pair of samples, without those whose other sample is zero."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True) if theirs]

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        ratio = _spread(self.ratios, "", "{:.2f}") if self.ratios else ""
        ours, theirs = _spread(self.ours, self.unit), _spread(self.theirs, self.unit)
        return (self.measure, ours, self.beside, theirs, ratio, self._held())

    def _held(self) -> str:
        if self.goal is None:
            return ""
        is_held = statistics.median(self.ratios) <= self.goal
        return f"≤ {self.goal:g} {'✓' if is_held else '✗'}"


@dataclass(frozen=True, slots=True)
class Limit:
    """A measure with an absolute goal beside that of a peer; `goal` is the limit of the median."""

    comparison: Comparison
    goal: float

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        is_held = statistics.median(self.comparison.ours) <= self.goal
        return (*self.comparison.cells()[:-1], f"≤ {self.goal:g} {self.comparison.unit} {'✓' if is_held else '✗'}")


Row = Comparison | Limit


def in_turns(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Return `rounds` measurements of each of the works, taken in turns, so that all see the same machine."""
    samples = [[work() for work in works] for _ in range(rounds)]
    return [list(series) for series in zip(*samples, strict=True)]


def table(rows: Sequence[Row]) -> Table:
    """Return all rows in the order of measurement."""
    heads = ("Measure", "This function", "Beside", "Its figure", "Ratio", "Goal")
    columns = [Column(head, justify="right" if head in heads[1::2] or head == "Ratio" else "left") for head in heads]
    return output.table(output.results(), columns, (row.cells() for row in rows))


def _spread(samples: Sequence[float], unit: str, shape: str = "") -> str:
    middle, least, most = (_figure(each, shape) for each in (statistics.median(samples), min(samples), max(samples)))
    spread = f" ({least} to {most})" if len(samples) > 1 and least != most else ""
    return f"{middle}{f' {unit}' if unit else ''}{spread}"


def _figure(value: float, shape: str) -> str:
    if shape:
        return shape.format(value)
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"
