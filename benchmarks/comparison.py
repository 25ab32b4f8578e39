"""Comparisons: a measure of this function beside that of a peer or a floor, taken in the same run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Column, Table

from express_sync.ops.terminal import output, tables


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

    @property
    def compared(self) -> "Comparison":
        """Return itself."""
        return self

    @property
    def is_met(self) -> bool | None:
        """Return whether the goal is met, None without one."""
        return None if self.goal is None else statistics.median(self.ratios) <= self.goal

    @property
    def limit(self) -> str:
        """Return the goal as text."""
        return "" if self.goal is None else f"ratio ≤ {self.goal:g}"


@dataclass(frozen=True, slots=True)
class Limit:
    """A measure with an absolute goal beside that of a peer; `goal` is the limit of the median, or its least value."""

    compared: Comparison
    goal: float
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Return whether the goal is met."""
        median = statistics.median(self.compared.ours)
        return median >= self.goal if self.is_least else median <= self.goal

    @property
    def limit(self) -> str:
        """Return the goal as text."""
        return f"{'≥' if self.is_least else '≤'} {self.goal:g} {self.compared.unit}".strip()


Row = Comparison | Limit


def in_turns(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Return `rounds` measurements of each of the works, taken in turns, so that all see the same machine."""
    samples = [[work() for work in works] for _ in range(rounds)]
    return [list(series) for series in zip(*samples, strict=True)]


def table(rows: Sequence[Row]) -> Table:
    """Return all rows in the order of measurement."""
    heads = ("Measure", "This function", "Beside", "Its figure", "Ratio", "Goal")
    columns = [Column(head, justify="right" if head in heads[1::2] or head == "Ratio" else "left") for head in heads]
    return tables.table(output.results(), columns, map(_cells, rows))


def document(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return all rows as JSON values."""
    return [
        {
            "measure": each.compared.measure,
            "unit": each.compared.unit,
            "ours": _statistics(each.compared.ours),
            "beside": each.compared.beside,
            "theirs": _statistics(each.compared.theirs),
            "ratio": _statistics(each.compared.ratios),
            "goal": each.limit,
            "met": each.is_met,
        }
        for each in rows
    ]


def _cells(row: Row) -> tuple[str, ...]:
    compared = row.compared
    ours, theirs = _spread(compared.ours, compared.unit), _spread(compared.theirs, compared.unit)
    ratio = _spread(compared.ratios, "", "{:.2f}") if compared.ratios else ""
    mark = {None: "", True: " ✓", False: " ✗"}[row.is_met]
    return (compared.measure, ours, compared.beside, theirs, ratio, f"{row.limit}{mark}")


def _statistics(samples: Sequence[float]) -> dict[str, float] | None:
    if not samples:
        return None
    figures = {"median": statistics.median(samples), "least": min(samples), "most": max(samples)}
    return {name: round(value, 4) for name, value in figures.items()} | {"samples": len(samples)}


def _spread(samples: Sequence[float], unit: str, shape: str = "") -> str:
    middle, least, most = (figure(each, shape) for each in (statistics.median(samples), min(samples), max(samples)))
    spread = f" ({least} to {most})" if len(samples) > 1 and least != most else ""
    return f"{middle}{f' {unit}' if unit else ''}{spread}"


def figure(value: float, shape: str = "") -> str:
    """Return a measured value as text, in a format of its own if `shape` is one."""
    if shape:
        return shape.format(value)
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"
