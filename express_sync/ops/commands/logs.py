"""`express-sync logs`: shows the log of the function of a local cloud."""

import click

from express_sync.ops import system
from express_sync.ops.commands.local_options import call, on_local_cloud
from express_sync.ops.outcomes.log_lines import fields_of, is_about, readable
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.printable import printable

POLL_SECONDS = 0.5


@click.command()
@click.option("--follow", is_flag=True, help="Show new lines as they are written, until Ctrl-C.")
@click.option("--request", "request_id", metavar="ID", help="Only lines about this requestId.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as the function wrote them.")
@on_local_cloud
def logs(target: Target, *, follow: bool, request_id: str | None, as_json: bool) -> None:
    """Show the log of the function of a local cloud: its last 2000 lines.

    For the log of a real stack, see the queries for SLS in docs/operations.md.

    \b
    Examples:
      express-sync logs
      express-sync logs --request REQ-2026-000731
      express-sync logs --follow
      express-sync logs --json | jq -c 'select(.level == "error")'

    \b
    Exit codes:
      0    shown
      2    not possible; one sentence says why
      130  interrupted
    """
    last = 0
    while True:
        for line in call(target, "fc", "GET", f"logs?after={last}"):
            last = line["number"]
            if request_id is None or is_about(line["line"], request_id):
                _print(line["line"], as_json=as_json)
        if not follow:
            return
        system.sleep(POLL_SECONDS)


def _print(line: str, *, as_json: bool) -> None:
    if not as_json:
        output.print_line(readable(line))
    elif fields_of(line):
        output.print_line(printable(line))
