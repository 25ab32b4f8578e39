"""The table of the demo: every request, what it shows, its latest verdict, and when a deferred one is tried again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from rich.console import Console, RenderableType
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from express_sync.ops.demo.history import History
from express_sync.ops.outcomes.display import status_text
from express_sync.ops.terminal import output, tables
from express_sync.ops.terminal.output import duration
from express_sync.ops.terminal.printable import printable

_UNLIMITED = 1000
_SPINNER = Spinner("dots", style="dim")
_DROPPED = ("Request", "Tries", "Time", "Deferred", "Group or error")  # on a narrow terminal, in this order
_TIMES = ("", "once", "twice")


def table(histories: Sequence[History], console: Console) -> Table:
    """Return the table as it is now, without the less important columns if the console is too narrow for them."""
    has_deferrals = any(each.deferrals for each in histories)
    names = [name for name in _COLUMNS if has_deferrals or name != "Deferred"]
    unlimited = console.options.update(width=_UNLIMITED)
    for count in range(len(_DROPPED) + 1):
        found = _table(histories, console, [name for name in names if name not in _DROPPED[:count]])
        if console.measure(found, options=unlimited).maximum <= console.width:
            break
    return found


def _table(histories: Sequence[History], console: Console, names: Sequence[str]) -> Table:
    columns = (Column(name, **_COLUMNS[name][0]) for name in names)
    return tables.table(console, columns, ([_COLUMNS[name][1](history) for name in names] for history in histories))


def _verdict(history: History) -> RenderableType:
    if history.last is None:
        if history.is_over:
            return Text("none in time", style="bold red")
        return _SPINNER if history.submission_id else ""
    verdict = status_text(history.last.status)
    if history.is_final and history.differences():
        verdict.append(" ✗ unexpected", style="bold red")
    return verdict


def _result(history: History) -> str:
    if history.last is None:
        return ""
    if history.last.status == "rejected":
        return output.counted(len(history.last.data["violations"]), "violation")
    return printable(history.last.result())


def _deferred(history: History) -> str:
    return _TIMES[history.deferrals] if history.deferrals < len(_TIMES) else f"{history.deferrals} times"


def _time(history: History) -> str:
    seconds = history.seconds_to_next(datetime.now(timezone.utc))
    if seconds is None:
        return duration(history.elapsed_ms) if history.last else ""
    return f"in {seconds:.0f} s" if seconds >= 0.5 else "now"


# Minimum widths keep the columns where they are when the first outcome arrives.
_COLUMNS: Mapping[str, tuple[Mapping[str, Any], Callable[[History], RenderableType]]] = {
    "Request": ({"no_wrap": True}, lambda history: printable(history.sample.name)),
    "Shows": ({}, lambda history: printable(history.sample.shows)),
    "Verdict": ({"min_width": len("succeeded")}, _verdict),
    "Deferred": ({"no_wrap": True}, _deferred),
    "Group or error": ({"min_width": 25, "overflow": "fold"}, _result),
    "Tries": ({"justify": "right", "no_wrap": True}, lambda history: str(history.attempts) if history.last else ""),
    "Time": ({"justify": "right", "no_wrap": True, "min_width": 6}, _time),
}
