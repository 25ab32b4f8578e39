"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from express_sync.ops import system
from express_sync.ops.terminal.option_types import POSITIVE

events_as_json = click.option("--json", "as_json", is_flag=True, help="Print each outcome event as one line of JSON.")

dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")


def wait_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --wait, --timeout and --json, for a command that sends requests and can wait for their outcomes."""
    options = (
        click.option("--wait", is_flag=True, is_eager=True, help="Wait until every request has its final outcome."),
        click.option(
            "--timeout",
            "timeout_seconds",
            type=POSITIVE,
            default=120.0,
            show_default=True,
            callback=_only_with_wait,
            help="With --wait: the maximum wait in seconds.",
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print JSON Lines: what is sent, or with --wait the outcomes."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _only_with_wait(context: click.Context, option: click.Parameter, seconds: float) -> float:
    """Return the value of --timeout; fail if it was given without --wait, where it would have no effect."""
    is_given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    if is_given and not context.params.get("wait"):
        raise click.UsageError("--timeout needs --wait: without it, the command does not wait for outcomes.", context)
    return seconds


class Deadline:
    """Returns the seconds that are left of a timeout, which begins now and can begin again; None never ends."""

    def __init__(self, timeout_seconds: float | None) -> None:
        self._timeout_seconds = timeout_seconds
        self.restart()

    def restart(self) -> None:
        """Let the timeout begin now."""
        self._until = None if self._timeout_seconds is None else system.now() + self._timeout_seconds

    def __call__(self) -> float:
        """Return the seconds that are left."""
        return float("inf") if self._until is None else self._until - system.now()
