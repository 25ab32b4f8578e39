"""Exit codes, and the error that ends a command with one sentence."""

from enum import IntEnum
from typing import IO, Any, NoReturn

import click

from express_sync.ops.terminal.printable import printable


class ExitCode(IntEnum):
    """The exit codes of all commands; the help of each command lists those it uses."""

    DONE = 0
    UNSUCCESSFUL = 1
    ERROR = 2
    OUT_OF_TIME = 3
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class CliError(click.ClickException):
    """Wrong settings, wrong input or an unreachable service; the message is a sentence that says what to do."""

    exit_code = ExitCode.ERROR

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message as one line on standard error; it may contain the name of a file of somebody else."""
        click.echo(f"express-sync: {printable(self.format_message())}", file=file, err=True)


def exit_with(code: ExitCode) -> NoReturn:
    """End the command with `code` and print nothing."""
    raise click.exceptions.Exit(code)
