"""Displays the demo: headings, tables that are updated on a terminal, and the commands of an operator."""

import contextlib
import io
import shlex
from collections.abc import Iterable, Iterator, Sequence

import click
from rich.live import Live
from rich.text import Text

from express_sync.ops.demo.history import History
from express_sync.ops.demo.table import table
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.printable import printable


class Display:
    """Prints on standard output; a silent display prints nothing, for scripts that expect JSON Lines only."""

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent = is_silent

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Show on a terminal that the cloud is being started."""
        console = output.diagnostics()
        with console.status("Starting SMQ, Cloud Storage Gateway and Function Compute on this machine ..."):
            yield

    def heading(self, title: str, text: Iterable[str]) -> None:
        """Begin a round."""
        if not self._is_silent:
            output.print_line(Text(f"\n{printable(title)}", style="bold"))
            self._print(text)

    def advice(self, hints: Iterable[str]) -> None:
        """Print what the outcomes advise."""
        self._print(f"What to do: {hint}" for hint in sorted(hints))

    @contextlib.contextmanager
    def table(self, histories: Sequence[History]) -> Iterator[None]:
        """Show a table of the histories: on a terminal it is updated, elsewhere it is printed at the end."""
        console = output.results()
        is_shown = bool(histories) and not self._is_silent
        with contextlib.ExitStack() as stack:
            if is_shown and console.is_terminal:
                stack.enter_context(Live(get_renderable=lambda: table(histories, console), console=console))
            yield
        if is_shown and not console.is_terminal:
            console.print(table(histories, console))

    def command(self, name: str, arguments: Sequence[str], command: click.Command, target: Target) -> None:
        """Show a command as it is typed, then run it on `target` through its own options, with all that it prints."""
        if not self._is_silent:
            line = shlex.join(("express-sync", name, *arguments))
            output.print_line(Text(f"\n$ {printable(line)}", style="bold cyan"))
        with contextlib.redirect_stdout(io.StringIO()) if self._is_silent else contextlib.nullcontext():
            command.main(list(arguments), f"express-sync {name}", standalone_mode=False, obj=target)

    def _print(self, sentences: Iterable[str]) -> None:
        """Print each sentence on a line of its own, folded where it does not fit."""
        if not self._is_silent:
            for sentence in sentences:
                output.results().print(Text(printable(sentence)))
