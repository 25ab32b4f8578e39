"""`express-sync kill`: kills the function of a local cloud, now or at a point of its work."""

import click

from express_sync.local.crash_points import POINTS
from express_sync.ops.commands.local_options import call, on_local_cloud
from express_sync.ops.commands.options import dry_run_option
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output


@click.command()
@click.option("--after", type=click.Choice(POINTS), help="Kill it the next time that it reaches this point.")
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the local cloud as one line of JSON.")
@on_local_cloud
def kill(target: Target, *, after: str | None, dry_run: bool, as_json: bool) -> None:
    """Kill the processes of the function of a local cloud, as a crash would.

    Messages that it was processing come back after the visibility timeout, and get the same verdict.

    \b
    Examples:
      express-sync kill
      express-sync kill --after create-sent
      express-sync submit events/requests/minimal.json --wait

    \b
    Exit codes:
      0    killed, or armed with --after
      2    not possible; one sentence says why
    """
    if dry_run:
        when = f"the next time that it reaches {after}" if after else "now"
        output.notice(f"The function would be killed {when}. Nothing was changed.")
        return
    answer = call(target, "fc", "POST", "kill", {"after": after} if after else {})
    if as_json:
        output.json_line(answer)
    elif after:
        output.notice(f"The function will be killed once, the next time that it reaches {after}.")
    else:
        output.notice(f"{output.counted(len(answer['killed']), 'process')} killed.")
