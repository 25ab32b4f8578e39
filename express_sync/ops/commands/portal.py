"""`express-sync portal`: runs the portal for a cloud until it is interrupted."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from express_sync.ops.commands.target_options import reads_target_unless
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.end_signal import ending
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.lazy_group import LazyGroup

# Each subcommand with its help; `express_sync.ops.commands.portal_NAME` defines the subcommand NAME.
SUBCOMMANDS: Mapping[str, str] = {
    "token": "Create, list and revoke the bearer tokens of the portal.",
    "webhooks": "Show the webhook deliveries that no endpoint has accepted, and retry.",
}
DATABASE_VARIABLE = "EXPRESS_SYNC_PORTAL_DATABASE"


def _runs_subcommand(_options: Mapping[str, object]) -> bool:
    return click.get_current_context().invoked_subcommand is not None


@click.group(cls=LazyGroup, table=SUBCOMMANDS, prefix="express_sync.ops.commands.portal_", invoke_without_command=True)
@click.option(
    "--database",
    envvar=DATABASE_VARIABLE,
    metavar="URL",
    help=f"postgresql://... or sqlite:///FILE; the default is ${DATABASE_VARIABLE}, else a file in .express-sync.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8790, show_default=True, help="The port; 0 for a free one."
)
@click.option("--public-url", default="", metavar="URL", help="Where users reach the portal, if behind a proxy.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A JSON file with the identity provider and the webhooks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the URL as one line of JSON when it is ready.")
@reads_target_unless(_runs_subcommand)
def portal(target: Target | None, /, config: Path | None, *, as_json: bool, **options: Any) -> None:
    """Run the portal: an HTTP API to submit requests, follow them, and replay failures, with a history.

    It takes outcomes from a queue of its own and keeps them in a database. Several may run on one PostgreSQL database.
    Callers need a token of `portal token create`, or a JWT of the identity provider in --config. On this machine the
    operator's token in the file .express-sync/portal-PROFILE.token is accepted, too; the first start creates it.

    \b
    Examples:
      express-sync portal --profile production
      express-sync portal --profile production --database postgresql://portal@db/portal --port 8080

    \b
    Exit codes:
      0    stopped by SIGTERM
      2    could not start; one sentence says why
      130  stopped by Ctrl-C
    """
    if target is None:
        return
    from express_sync.ops.commands import portal_service

    running = portal_service.of_profile(target, config, **options)
    if asyncio.run(_serve(running, as_json=as_json)) == signal.SIGINT:
        exit_with(ExitCode.INTERRUPTED)


async def _serve(running: AbstractContextManager[str], *, as_json: bool) -> signal.Signals:
    """Run the portal until a signal arrives, and return that signal."""
    ended = ending()
    url = await asyncio.to_thread(running.__enter__)
    try:
        if as_json:
            output.json_line({"url": url})
        else:
            output.print_line(Text("The portal is running at ", style="bold green"), Text(url))
        return await ended
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)
