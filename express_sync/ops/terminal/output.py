"""How things look: two consoles, the colours of the statuses, and text of strangers made safe to print.

Knows rich and statuses; must not know where anything comes from. Results go to standard output, everything said about
them to standard error; without a terminal there is no colour, no box and no line folding. rich obeys NO_COLOR.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from express_sync.ops.outcomes.reader import Outcome

WIDTH_WITHOUT_TERMINAL = 200
STYLES = {
    "succeeded": "bold green",
    "rejected": "yellow",
    "deferred": "cyan",
    "failed": "bold red",
    "indeterminate": "bold magenta",
}

OUTCOME_HEADING = f"{'TIME':<24}  {'STATUS':<13}  {'REQUEST':<24}  {'TRIES':>5}  {'TOOK':>7}  GROUP OR ERROR"


def results() -> Console:
    """The console of what a command is run for: standard output."""
    return _console(sys.stdout)


def remarks() -> Console:
    """The console of everything else: standard error."""
    return _console(sys.stderr)


def info(sentence: str) -> None:
    """Say something about what goes on."""
    _print(sys.stderr, Text(printable(sentence), style="dim"))


def print_line(*parts: Text | str) -> None:
    """Print one line of results, however wide."""
    _print(sys.stdout, *parts)


def json_line(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line of results, as it is: for scripts, so in ASCII."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def status(name: str) -> Text:
    """A status in its colour."""
    return Text(name, style=STYLES.get(name, ""))


def notice(sentence: str) -> None:
    """Say something that must not be overlooked."""
    _print(sys.stderr, Text(printable(sentence)))


def progress() -> Progress:
    """A progress bar on standard error while that is a terminal; nothing elsewhere."""
    console = remarks()
    console.soft_wrap = True  # else lines printed above the bar would be folded between words, as prose is
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),  # else results meant for a pipe would go to the terminal
    )


def outcome(announced: Outcome, *, as_json: bool) -> None:
    """Print one outcome: the whole event as JSON, or a row in the columns of OUTCOME_HEADING."""
    if as_json:
        json_line(announced.event)
    else:
        print_line(outcome_row(announced))


def outcome_row(outcome: Outcome) -> Text:
    """An outcome on one line, in the columns of OUTCOME_HEADING."""
    return Text.assemble(
        f"{printable(outcome.event['time']):<24}  ",
        (f"{outcome.status:<13}", STYLES[outcome.status]),
        f"  {printable(outcome.subject):<24}",
        f"  {outcome.data['attempts']:>5}  {duration(outcome.elapsed_ms):>7}  {printable(outcome.result())}",
    )


def table(console: Console, columns: Iterable[Column], rows: Iterable[Iterable[RenderableType]]) -> Table:
    """A table that suits the console: with a ruled head on a terminal, plain columns elsewhere."""
    ruled = box.SIMPLE_HEAD if console.is_terminal else None
    result = Table(*columns, box=ruled, pad_edge=False, header_style="bold")
    for row in rows:
        result.add_row(*row)
    return result


def summary(sentence: str, *, is_good: bool) -> None:
    """Say how it all ended."""
    _print(sys.stderr, Text(sentence, style="bold green" if is_good else "bold red"))


def printable(text: str) -> str:
    """The text with whatever could move a terminal's cursor or change its colours made visible as `�`."""
    return "".join(character if character.isprintable() else "�" for character in text)


def counted(count: int, thing: str) -> str:
    """So many of a thing as people say it: `1 request`, `2 requests`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def duration(milliseconds: int) -> str:
    """A duration as people say it: `40 ms`, `1.2 s`."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _print(file: TextIO, *parts: Text | str) -> None:
    """Print one line, however wide, above a progress bar if there is one.

    It goes by way of the file itself, which a bar stands in for: a console would print past the bar, into its line.
    """
    console = _console(file)
    with console.capture() as line:
        console.print(*parts, soft_wrap=True)
    file.write(line.get())
    file.flush()


def _console(file: TextIO) -> Console:
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    return (
        console
        if console.is_terminal
        else Console(file=file, highlight=False, markup=False, emoji=False, width=WIDTH_WITHOUT_TERMINAL)
    )
