"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from express_sync.ops.terminal.option_types import POSITIVE

events_as_json = click.option("--json", "as_json", is_flag=True, help="Print each outcome event as one line of JSON.")


def wait_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --wait, --timeout and --json, for a command that sends requests and can wait for their outcomes."""
    options = (
        click.option("--wait", is_flag=True, help="Wait until every request has its final outcome."),
        click.option(
            "--timeout",
            "timeout_seconds",
            type=POSITIVE,
            default=120.0,
            show_default=True,
            help="With --wait: the maximum wait in seconds.",
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print JSON Lines: what is sent, or with --wait the outcomes."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
