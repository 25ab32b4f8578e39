"""`express-sync health`: tells what has failed and what waits, for people and for monitors."""

import click

from express_sync.ops import system
from express_sync.ops.commands.target_options import reads_target
from express_sync.ops.doctor.cloud import InspectedCloud
from express_sync.ops.doctor.health import inspect
from express_sync.ops.doctor.report import print_findings
from express_sync.ops.targets.credentials import find
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from handler.smq.client import SmqError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for monitors.")
@reads_target
def health(target: Target, *, as_json: bool) -> None:
    """Show failures, dead letters, waiting and deferred requests, with the oldest ages and the most frequent codes.

    It looks at the queues and receives nothing, so it may be run every minute. The counts are SMQ's own, which may be
    late by some seconds; ages and codes are those of the 16 oldest messages of a queue. `doctor` shows the same first,
    and checks everything else.

    \b
    Examples:
      express-sync health
      express-sync health --json | jq .deadLetters
      express-sync health --profile prod --json || notify-the-operator

    \b
    Exit codes:
      0    nothing has failed, waits too long or is deferred
      1    something has, or is
      2    not possible; one sentence says why
      130  interrupted
    """
    found = inspect(InspectedCloud(target.profile, find(target.profile, system.environment), system.epoch_ms()))
    if found.obstacle:
        raise SmqError(found.obstacle, transient=False)
    document = found.document()
    if as_json:
        output.json_line(document)
    else:
        print_findings("health", found.findings())
    exit_with(ExitCode.UNSUCCESSFUL if document["status"] == "wrong" else ExitCode.DONE)
