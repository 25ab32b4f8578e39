"""`express-sync destroy`: deletes a stack with everything in it."""

import click

from express_sync.ops.commands.options import dry_run_option
from express_sync.ops.commands.stack_options import at_location, wait_option
from express_sync.ops.deployment import clients, progress
from express_sync.ops.deployment import destroy as deletion
from express_sync.ops.deployment.destroy import NEVER_DELETED, StackToDelete
from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.wait import PollPolicy
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.printable import printable


@click.command()
@click.option("--with-package", is_flag=True, help="Delete the package in OSS, too.")
@click.option("--yes", is_flag=True, help="Confirm: what is deleted, messages included, cannot be restored.")
@dry_run_option
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: what is to be deleted, and what remains.")
@at_location
def destroy(
    *, location: StackLocation, with_package: bool, yes: bool, dry_run: bool, policy: PollPolicy, as_json: bool
) -> None:
    """Delete a stack: queues with all messages in them, topic, function, role, logs and alarms.

    The content of the stack is shown first, and what remains is shown last; with --dry-run only the former. Groups
    are never deleted.

    \b
    Examples:
      express-sync destroy --dry-run
      express-sync destroy --yes --with-package
      express-sync destroy --region cn-hangzhou --stack staging --yes

    \b
    Exit codes:
      0    deleted, or shown with --dry-run
      2    failed; the error message says why and what remains
      3    the time limit was reached; the deletion continues
      130  interrupted; the deletion continues
    """
    key = location.credentials()
    stacks = clients.stacks(location, key)
    target = deletion.inspect(stacks, location, key)
    if dry_run or not (yes and as_json):
        _show(target, as_json)
    if dry_run:
        output.notice(f"Stack {location.stack} in {location.region} would be deleted. Nothing was changed.")
        return
    if not yes:
        raise CliError(f"Nothing was deleted of stack {location.stack} in {location.region}; add --yes to confirm.")
    with (
        progress.exit_when_waiting_ends(location),
        progress.event_printer("Deleted", len(target.resources)) as on_event,
    ):
        deletion.wait(deletion.start(stacks, target, location, on_event), stacks, location, policy)
    remaining = _remaining(target, location, with_package=with_package)
    if with_package and target.package:
        bucket, object_key = target.package
        deletion.delete_package(clients.bucket(bucket, location, key), object_key, location)
    if as_json:
        output.json_line({**_document(target), "isDeleted": True, "remains": remaining})
    else:
        output.summary(f"Stack {location.stack} is deleted. What remains: {', '.join(remaining)}.", is_good=True)
    exit_with(ExitCode.DONE)


def _show(target: StackToDelete, as_json: bool) -> None:
    if as_json:
        output.json_line({**_document(target), "isDeleted": False})
        return
    output.print_line(f"Stack {target.stack.name} ({target.stack.state}) has {len(target.resources)} resources:")
    for each in target.resources:
        output.print_line(printable(f"  {each.name:<26} {each.type}"))
    for queue, count in target.messages.items():
        loss = "its messages could not be counted" if count is None else f"about {count} messages will be lost"
        output.notice(f"Queue {queue}: {loss}.")
    if not target.messages:
        output.info("No messages were found in its queues.")


def _document(target: StackToDelete) -> dict[str, object]:
    resources = [{"resource": each.name, "type": each.type, "state": each.state} for each in target.resources]
    return {"stack": target.stack.name, "resources": resources, "messages": dict(target.messages)}


def _remaining(target: StackToDelete, location: StackLocation, *, with_package: bool) -> list[str]:
    """Return what remains after the deletion of the stack."""
    package = [f"oss://{'/'.join(target.package)}"] if target.package and not with_package else []
    previous = [deletion.previous_packages(*target.package)] if target.package else []
    profile = [str(location.profile_path)] if location.profile else []
    return [*package, *previous, *profile, NEVER_DELETED]
