"""`express-sync demo`: runs samples, or an outage, on a local cloud of its own and checks the outcomes."""

from pathlib import Path

import click

from express_sync.ops.commands.failures import failures
from express_sync.ops.commands.replay import replay
from express_sync.ops.demo.display import Display
from express_sync.ops.demo.report import conclude
from express_sync.ops.demo.run import run
from express_sync.ops.demo.scenario import read
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.option_types import POSITIVE
from express_sync.paths import EVENTS

COMMANDS = {"failures": failures, "replay": replay}


@click.command()
@click.option("--outage", is_flag=True, help="Run events/outage.json instead: two outages of the API.")
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    help="A file in the form of events/demo.json, which is the default; its samples are files beside it.",
)
@click.option(
    "--timeout",
    "timeout_seconds",
    type=POSITIVE,
    default=60.0,
    show_default=True,
    help="The maximum wait for all outcomes, in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print only one line of JSON for each request.")
def demo(outage: bool, scenario: Path | None, timeout_seconds: float, as_json: bool) -> None:
    """Send the samples in events/ through a temporary local cloud and check every outcome.

    The samples are valid, invalid and broken requests, some of which meet faults of the API. The demo needs no network
    and leaves nothing behind.

    With --outage the API rejects every call for a while, twice. First with AssumeRoleFail, which is temporary: requests
    are deferred and retried automatically. Then with RoleNotExist, which is not: requests fail, are listed, and are
    replayed with one command once the role exists again.

    \b
    Examples:
      express-sync demo
      express-sync demo --json | jq -r 'select(.asExpected | not) | .request'
      express-sync demo --outage
      express-sync demo --outage --json | jq -c '[.request, .statuses, .replayId]'

    \b
    Exit codes:
      0    everything is as expected
      1    at least one outcome or fact is not
      2    not possible; one sentence says why
      3    the time ran out before every outcome had arrived
      130  interrupted
    """
    if outage and scenario:
        raise CliError("--outage selects a scenario itself; omit --scenario.")
    chosen = read(scenario or EVENTS / ("outage.json" if outage else "demo.json"))
    output.info("Acting on a temporary local cloud.")
    report = run(chosen, COMMANDS, Display(is_silent=as_json), timeout_seconds)
    if as_json:
        for history in report.histories:
            output.json_line(history.document())
    conclude(report)
