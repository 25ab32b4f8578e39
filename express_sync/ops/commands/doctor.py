"""`express-sync doctor`: whether everything is there that a request needs on its way, and what to do if not."""

import os

import click

from express_sync.ops.doctor.cloud import Patient
from express_sync.ops.doctor.report import conclude, report
from express_sync.ops.targets.credentials import find
from express_sync.ops.targets.target import Target, reads_target


@click.command(short_help="Check a cloud from end to end, and say what to mend.")
@click.option("--json", "as_json", is_flag=True, help="Print each finding as one line of JSON.")
@reads_target
def doctor(target: Target, as_json: bool) -> None:
    """Check credentials, queues, topic, subscriptions, function, role, trigger, permissions and buckets of a cloud.

    Only looks, so it needs no --yes anywhere. It asks with your key; the function acts with its own role. Each line
    is marked ✓ (well), ✗ (wrong, and what to do) or ? (cannot be seen from here, and what would show it).

    \b
    Examples:
      express-sync doctor
      express-sync doctor --profile env
      express-sync doctor --json | jq -r 'select(.mark == "wrong") | .cure'

    \b
    Exit codes:
      0    nothing is wrong
      1    something is wrong
      2    not possible; one sentence says why
      130  interrupted
    """
    found = find(target.profile, os.environ)  # noqa: TID251 - a command line's environment is its settings
    conclude(report(Patient(target.profile, found), as_json=as_json))
