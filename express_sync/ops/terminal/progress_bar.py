"""The progress bar of commands that send or wait."""

import sys

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from express_sync.ops.terminal.output import diagnostics


def progress_bar() -> Progress:
    """Return a progress bar on standard error; it prints nothing unless that is a terminal."""
    console = diagnostics()
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
