"""Displays outcomes: the colour of each status, and one line for each outcome."""

from collections.abc import Callable

from rich.text import Text

from express_sync.ops.outcomes.moments import moment
from express_sync.ops.outcomes.reader import Outcome
from express_sync.ops.terminal import output
from express_sync.ops.terminal.columns import Column, Listing
from express_sync.ops.terminal.output import duration
from express_sync.ops.terminal.printable import printable

STYLES = {
    "succeeded": "bold green",
    "rejected": "yellow",
    "deferred": "cyan",
    "failed": "bold red",
    "indeterminate": "bold magenta",
}
_COLUMNS = (
    Column("TIME", 20, 20, 0),
    Column("STATUS", 13, 13, 9),
    Column("REQUEST", 24, 15, 15),
    Column("TRIES", 5, 0, 0, is_number=True),
    Column("TOOK", 7, 0, 0, is_number=True),
    Column("GROUP OR ERROR", 25, 25, 14),
)


def status_text(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=STYLES.get(status, ""))


class OutcomePrinter:
    """Prints outcomes: whole events as JSON Lines, or a heading and one line for each."""

    def __init__(self, *, as_json: bool, max_deferrals: Callable[[], int | None] = lambda: None) -> None:
        self._as_json = as_json
        self._max_deferrals = max_deferrals
        self._listing = Listing(_COLUMNS, output.results().width)

    def heading(self) -> None:
        """Print the heading, unless for JSON."""
        if not self._as_json:
            output.print_line(self._listing.heading())

    def outcome(self, outcome: Outcome, *, is_repeated: bool = False) -> None:
        """Print one outcome; `is_repeated` if it was printed before, with an earlier time."""
        if self._as_json:
            output.json_line(outcome.event)
            return
        result = printable(self._result(outcome))
        output.print_line(self._listing.line(*_cells(outcome), f"{result} (repeated)" if is_repeated else result))

    def _result(self, outcome: Outcome) -> str:
        if outcome.is_final:
            return outcome.result()
        return f"{deferral(outcome, self._max_deferrals())}{f', {outcome.error_code}' if self._listing.is_wide else ''}"


def deferral(outcome: Outcome, max_deferrals: int | None) -> str:
    """Return the number of a deferral and when the request is processed again: `2 of 6 at 08:00:56Z`."""
    number = int(outcome.data.get("generation", 0)) + 1
    of = f" of {max_deferrals}" if max_deferrals else ""
    at = moment(outcome.data.get("nextAttemptAt"))
    return f"{number}{of}{f' at {at:%H:%M:%SZ}' if at else ''}"


def _cells(outcome: Outcome) -> tuple[str | Text, ...]:
    return (
        f"{printable(outcome.event['time'][:19])}Z",  # to the second, in UTC by the schema
        status_text(outcome.status),
        printable(outcome.subject),
        str(outcome.data["attempts"]),
        duration(outcome.elapsed_ms),
    )
