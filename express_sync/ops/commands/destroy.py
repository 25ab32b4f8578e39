"""`express-sync destroy`: a stack and everything in it, out of an account."""

import os
import time
from pathlib import Path

import click

from express_sync.ops.deployment import destroy as deletion
from express_sync.ops.deployment import progress
from express_sync.ops.deployment.destroy import NEVER_DELETED, Victim
from express_sync.ops.deployment.location import DEFAULT_STACK, Site, choose
from express_sync.ops.deployment.oss import Bucket
from express_sync.ops.deployment.ros import Stacks
from express_sync.ops.deployment.wait import Patience
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with


@click.command(short_help="Delete a deployed stack and everything in it.")
@click.option("--region", help="Where it is; by default that of its profile, else $EXPRESS_SYNC_REGION.")
@click.option("--stack", default=DEFAULT_STACK, show_default=True, help="The name of the stack.")
@click.option("--with-package", is_flag=True, help="Delete the package in OSS too.")
@click.option("--yes", is_flag=True, help="Go on: what is deleted, messages included, does not come back.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(0, min_open=True),
    default=1800.0,
    show_default=True,
    help="The longest wait, in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: what is to be deleted, and what remains.")
def destroy(
    *, region: str | None, stack: str, with_package: bool, yes: bool, timeout_seconds: float, as_json: bool
) -> None:
    """Delete a stack: queues with all messages in them, topic, function, role, logs and alarms.

    Says first what is in there, and in the end what remains. Groups that were created are never touched.

    \b
    Examples:
      express-sync destroy
      express-sync destroy --yes --with-package
      express-sync destroy --region cn-hangzhou --stack staging --yes

    \b
    Exit codes:
      0    deleted
      2    not possible; the sentence says why and what remains
      3    time ran out; the deletion goes on
      130  interrupted; the deletion goes on
    """
    environment = os.environ  # noqa: TID251 - a command line's environment is its settings
    site = choose(region, stack, Path.cwd(), environment)
    output.info(f"Acting on stack {site.stack} in {site.region} (ROS at {site.ros}).")
    key = site.credentials(environment)
    stacks = Stacks(site.region, site.ros, key)
    victim = deletion.look(stacks, site, key)
    if not yes:
        _announce(victim, as_json)
        raise CliError(f"Nothing was deleted of stack {site.stack} in {site.region}; add --yes to go on.")
    if not as_json:
        _announce(victim, as_json)
    patience = Patience(timeout_seconds, time.monotonic, time.sleep)  # noqa: TID251 - a command's clock is real
    with progress.no_longer_than_wanted(site), progress.events("Deleted", len(victim.resources)) as tell:
        deletion.settle(deletion.delete(stacks, victim, site, tell), stacks, site, patience)
    remains = _remains(victim, site, is_kept=not with_package)
    if with_package and victim.package:
        bucket, object_key = victim.package
        deletion.delete_package(Bucket(bucket, site.region, site.oss, key), object_key, site)
    if as_json:
        output.json_line({**_document(victim), "isDeleted": True, "remains": remains})
    else:
        output.summary(f"Stack {site.stack} is deleted. What remains: {', '.join(remains)}.", is_good=True)
    exit_with(ExitCode.DONE)


def _announce(victim: Victim, as_json: bool) -> None:
    if as_json:
        output.json_line({**_document(victim), "isDeleted": False})
        return
    output.print_line(f"Stack {victim.stack.name} ({victim.stack.state}) has {len(victim.resources)} resources:")
    for each in victim.resources:
        output.print_line(output.printable(f"  {each.name:<26} {each.type}"))
    for queue, count in victim.messages.items():
        said = (
            "about how many messages are in it cannot be seen" if count is None else f"about {count} messages are lost"
        )
        output.notice(f"Queue {queue}: {said}.")
    if not victim.messages:
        output.info("No message is known to be in its queues.")


def _document(victim: Victim) -> dict[str, object]:
    resources = [{"resource": each.name, "type": each.type, "state": each.state} for each in victim.resources]
    return {"stack": victim.stack.name, "resources": resources, "messages": dict(victim.messages)}


def _remains(victim: Victim, site: Site, *, is_kept: bool) -> list[str]:
    """What is left after the stack, named."""
    package = [f"oss://{'/'.join(victim.package)}"] if victim.package and is_kept else []
    former = [deletion.former_packages(*victim.package)] if victim.package else []
    profile = [str(site.profile_path)] if site.profile else []
    return [*package, *former, *profile, NEVER_DELETED]
