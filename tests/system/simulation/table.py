"""The figures of simulated days as a table of at most 80 columns."""

from collections.abc import Callable, Mapping, Sequence

from tests.system.simulation.day import Figures
from tests.system.simulation.outages import DURATIONS, MINUTE, Scenario

Result = tuple[Scenario, Figures]


def _minutes_after(figures: Figures) -> float | None:
    return figures.after_seconds and figures.after_seconds / MINUTE


_LASTS = {seconds: name for name, seconds in DURATIONS.items()}
_LABEL_WIDTH = 20
_COLUMNS: Mapping[str, tuple[int, Callable[[Figures], float | None]]] = {
    "messages": (9, lambda each: each.messages),
    "creates": (8, lambda each: each.creates),
    "lookups": (8, lambda each: each.describes),
    "runs": (6, lambda each: each.invocations),
    "billed": (8, lambda each: each.billed_seconds),
    "after": (6, _minutes_after),
    "failed": (7, lambda each: each.outcomes["failed"]),
    "indet.": (7, lambda each: each.outcomes["indeterminate"]),
}
HEAD = f"{'outage':<{_LABEL_WIDTH}}" + "".join(f"{name:>{width}}" for name, (width, _) in _COLUMNS.items())


def line(results: Sequence[Result]) -> str:
    """Return the line for one outage: of each figure the greatest among these results."""
    cells = (_cell([read(figures) for _, figures in results], width) for width, read in _COLUMNS.values())
    return f"{label(results[0][0]):<{_LABEL_WIDTH}}" + "".join(cells)


def _cell(values: Sequence[float | None], width: int) -> str:
    known = [value for value in values if value is not None]
    return f"{round(max(known)):>{width},}" if known else f"{'-':>{width}}"


def label(scenario: Scenario) -> str:
    """Return the kind of an outage and how long it lasts."""
    return f"{scenario.kind.name} {_LASTS[scenario.seconds]}"
