"""Prints to the terminal: results on standard output, everything about them on standard error.

Without a terminal the output has no colours, boxes or folded lines. rich obeys NO_COLOR.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from express_sync.ops.terminal.printable import printable

WIDTH_WITHOUT_TERMINAL = 200


def results() -> Console:
    """Return the console for results: standard output."""
    return _console(sys.stdout)


def diagnostics() -> Console:
    """Return the console for everything else: standard error."""
    return _console(sys.stderr)


def info(sentence: str) -> None:
    """Print a remark on standard error, dimmed."""
    _print(sys.stderr, Text(printable(sentence), style="dim"))


def notice(sentence: str) -> None:
    """Print a sentence that must not be overlooked on standard error."""
    _print(sys.stderr, Text(printable(sentence)))


def summary(sentence: str, *, is_good: bool) -> None:
    """Print the overall result on standard error, in green or red."""
    _print(sys.stderr, Text(sentence, style="bold green" if is_good else "bold red"))


def print_line(*parts: Text | str) -> None:
    """Print one line of results without folding it."""
    _print(sys.stdout, *parts)


def json_line(value: Mapping[str, Any]) -> None:
    """Print a JSON object as one line of ASCII on standard output."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def counted(count: int, thing: str) -> str:
    """Return a count with its noun: `1 request`, `2 requests`, `2 deliveries`, `2 processes`."""
    if count == 1:
        return f"1 {thing}"
    if thing.endswith("y") and thing[-2:-1] not in "aeiou":
        return f"{count} {thing[:-1]}ies"
    return f"{count} {thing}{'es' if thing.endswith('s') else 's'}"


def duration(milliseconds: int) -> str:
    """Return a duration as text: `40 ms`, `1.2 s`."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def age_text(seconds: int) -> str:
    """Return an age in one unit, rounded down: `40 s`, `15 min`, `2 h`, `7 d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _print(file: TextIO, *parts: Text | str) -> None:
    """Print one line without folding it, above a progress bar if there is one.

    The line is written to the file itself, which a progress bar replaces; a console would print into the bar's line.
    """
    console = _console(file)
    with console.capture() as line:
        console.print(*parts, soft_wrap=True)
    file.write(line.get())
    file.flush()


def _console(file: TextIO) -> Console:
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console
