"""Output to a terminal: lines above a progress bar, and columns that fit."""

import io
import re
import sys

import pytest

from express_sync.ops.terminal import output
from express_sync.ops.terminal.columns import Column, Listing
from express_sync.ops.terminal.progress_bar import progress_bar

LONG_LINE = f"{'TIME':<24}  {'STATUS':<13}  {'REQUEST':<24}  {'TRIES':>5}  {'TOOK':>7}  GROUP OR ERROR"
COLUMNS = (Column("NAME", 10, 6, 4), Column("COUNT", 6, 0, 0, is_number=True), Column("END", 5, 5, 5))


@pytest.mark.parametrize(
    ("count", "thing", "text"),
    [
        (0, "request", "0 requests"),
        (1, "request", "1 request"),
        (2, "replay", "2 replays"),
        (1, "delivery", "1 delivery"),
        (2, "delivery", "2 deliveries"),
        (2, "process", "2 processes"),
    ],
)
def test_noun_is_plural_unless_its_count_is_one(count: int, thing: str, text: str) -> None:
    assert output.counted(count, thing) == text


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "print_line", [output.print_line, output.notice, output.info], ids=["a result", "a sentence", "a note"]
)
def test_line_is_printed_above_a_progress_bar(print_line: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of the bar is erased first."""
    terminal = _Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert callable(print_line)
    with progress_bar() as progress:
        progress.add_task("Outcomes", total=2)
        progress.refresh()
        print_line("A LINE")
    assert re.search(r"\x1b\[2K(\x1b\[[0-9;]*m)*A LINE", terminal.getvalue())


@pytest.mark.parametrize("columns", [30, 80])
def test_line_above_a_progress_bar_is_not_folded(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the terminal itself folds it; the bar fits the width of the terminal."""
    terminal = _Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar() as progress:
        progress.add_task("Outcomes", total=2)
        output.print_line(LONG_LINE)
        progress.refresh()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert LONG_LINE in shown
    bars = [line for line in re.split(r"[\r\n]+", shown) if "━" in line]
    assert bars
    assert max(map(len, bars)) <= columns


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (25, ["NAME         COUNT  END", "组              12  x", "longer-than-10       1  y"]),
        (24, ["NAME    END", "组      x", "longer-than-10  y"]),
        (13, ["NAME    END", "组      x", "longer-than-10  y"]),
        (12, ["NAME END", "组   x", "longer-than-10 y"]),
        (1, ["NAME END", "组   x", "longer-than-10 y"]),
    ],
    ids=["wide", "narrow", "narrowest", "tiny", "one column"],
)
def test_listing_drops_columns_on_a_narrow_terminal(width: int, lines: list[str]) -> None:
    """Cells are padded by the width of their characters, and a long cell is not cut."""
    listing = Listing(COLUMNS, width)
    rows = (listing.heading(), listing.line("组", "12", "x"), listing.line("longer-than-10", "1", "y"))
    assert [row.plain for row in rows] == lines
