"""Lines that are printed while a progress bar stands on the same terminal."""

import io
import re
import sys

import pytest

from express_sync.ops.terminal import output


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "print_line", [output.print_line, output.notice, output.info], ids=["a result", "a sentence", "a note"]
)
def test_a_line_goes_above_the_progress_bar(print_line: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins where the bar's own line was wiped out, never behind what is left of the bar."""
    terminal = _Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert callable(print_line)
    with output.progress() as progress:
        progress.add_task("Outcomes", total=2)
        progress.refresh()
        print_line("A LINE")
    assert re.search(r"\x1b\[2K(\x1b\[[0-9;]*m)*A LINE", terminal.getvalue())


@pytest.mark.parametrize("columns", [30, 80])
def test_a_line_above_the_progress_bar_is_as_wide_as_it_is(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal folds it where it ends, as without a bar; the bar itself keeps to its line."""
    terminal = _Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    with output.progress() as progress:
        progress.add_task("Outcomes", total=2)
        output.print_line(output.OUTCOME_HEADING)
        progress.refresh()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert output.OUTCOME_HEADING in shown
    bars = [line for line in re.split(r"[\r\n]+", shown) if "━" in line]
    assert bars
    assert max(map(len, bars)) <= columns
