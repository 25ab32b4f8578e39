"""The demo's board: every act, whether it was sent, its outcome, and how that differs from what was expected.

Knows acts and outcomes; it must not know clouds, queues or where it is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, RenderableType
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from express_sync.ops.demo.scenario import Act, Round
from express_sync.ops.outcomes.reader import Outcome
from express_sync.ops.terminal import output
from express_sync.ops.terminal.output import duration, printable, status

_GROUP_ID_WIDTH = 25
_WIDTH_OF_ALL = 105  # less would leave too little for what the acts show
_NEVER_CAME = "no outcome came in time"


@dataclass(slots=True)
class Row:
    """One act and what became of it."""

    act: Act
    is_sent: bool = False
    outcome: Outcome | None = None
    is_over: bool = False
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="dim"), repr=False)

    def surprises(self) -> list[str]:
        """How the verdict differs from the expected one; empty if it does not."""
        return [_NEVER_CAME] if self.outcome is None else self.act.surprises(self.outcome)

    def cells(self) -> tuple[RenderableType, ...]:
        """The row as it is to be seen now."""
        act, outcome = self.act, self.outcome
        if outcome is None:
            return printable(act.name), printable(act.shows), self._waiting(), "", "", ""
        verdict = status(outcome.status)
        if self.surprises():
            verdict.append(" ✗ unexpected", style="bold red")
        return (
            printable(act.name),
            printable(act.shows),
            verdict,
            _result(outcome),
            str(outcome.data["attempts"]),
            duration(outcome.elapsed_ms),
        )

    def _waiting(self) -> RenderableType:
        if self.is_over:
            return Text("none in time", style="bold red")
        return self._spinner if self.is_sent else ""

    def document(self) -> dict[str, Any]:
        """The row for scripts."""
        data = self.outcome.data if self.outcome else {}
        said = {key: data[key] for key in ("status", "disposition", "expressSyncId", "violations") if key in data}
        took = {"attempts": data["attempts"], "elapsedMs": data["timings"]["elapsedMs"]} if data else {}
        error = {"error": data["error"]["code"]} if "error" in data else {}
        surprises = self.surprises()
        judged = {"asExpected": not surprises, "surprises": surprises}
        return {"request": self.act.name, "shows": self.act.shows, **said, **error, **took, **judged}


class Board:
    """The rows of all rounds, in order."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self.rounds = [[Row(act) for act in each.acts] for each in rounds]

    @property
    def rows(self) -> Iterator[Row]:
        """Every row, round after round."""
        return (row for each in self.rounds for row in each)

    def end(self) -> None:
        """Wait for no outcome any longer."""
        for row in self.rows:
            row.is_over = True

    def table(self, console: Console) -> Table:
        """The board as it is to be seen now; where there is little room, without what the acts show."""
        is_whole = console.width >= _WIDTH_OF_ALL
        return output.table(
            console,
            (column for column in _columns() if is_whole or column.header != _SHOWS),
            (row.cells() if is_whole else _without_shows(row.cells()) for row in self.rows),
        )


_SHOWS = "Shows"


def _columns() -> tuple[Column, ...]:
    """The columns of the rows' cells, made anew because a table fills them."""
    return (
        Column("Request", no_wrap=True),
        Column(_SHOWS),
        Column("Verdict"),
        Column("Group or error", min_width=_GROUP_ID_WIDTH, overflow="fold"),
        Column("Attempts", justify="right", no_wrap=True),
        Column("Time", justify="right", no_wrap=True),
    )


def _without_shows(cells: tuple[RenderableType, ...]) -> tuple[RenderableType, ...]:
    return (cells[0], *cells[2:])


def _result(outcome: Outcome) -> Text:
    if outcome.status != "rejected":
        return Text(printable(outcome.result()))
    count = len(outcome.data["violations"])
    return Text(f"{count} violation{'s' if count > 1 else ''}")
