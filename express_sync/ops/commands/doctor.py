"""`express-sync doctor`: checks everything that a request needs, and names the fix for each fault."""

import click

from express_sync.ops import system
from express_sync.ops.commands.target_options import reads_target
from express_sync.ops.doctor.cloud import InspectedCloud
from express_sync.ops.doctor.report import conclude, report
from express_sync.ops.targets.credentials import find
from express_sync.ops.targets.target import Target


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print each finding as one line of JSON.")
@reads_target
def doctor(target: Target, as_json: bool) -> None:
    """Tell what has failed and what waits, then check everything that a request needs.

    The checks cover credentials, queues, topic, subscriptions, function, role, trigger, permissions and buckets.
    All checks are read-only, so --yes is never needed. They use your key; the function uses its own role. Each line
    is marked ✓ (ok), ✗ (wrong, with the fix) or ? (could not be determined, with the way to find out).

    \b
    Examples:
      express-sync doctor
      express-sync doctor --profile env
      express-sync doctor --json | jq -r 'select(.mark == "wrong") | .fix'

    \b
    Exit codes:
      0    nothing is wrong
      1    something is wrong
      2    failed; the error message says why
      130  interrupted
    """
    found = find(target.profile, system.environment)
    conclude(report(InspectedCloud(target.profile, found, system.epoch_ms()), as_json=as_json))
