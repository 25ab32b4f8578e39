"""`express-sync status`: shows the status of a deployed stack."""

from pathlib import Path

import click

from express_sync.ops.commands.stack_options import at_location, package_option
from express_sync.ops.deployment import clients, messages, package_file, template_file
from express_sync.ops.deployment.errors import ServiceError
from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.progress import print_outputs
from express_sync.ops.deployment.status import StackStatus, stack_status
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.printable import printable


@click.command()
@package_option("Package to compare with; default: the newest dist/function-*.zip.")
@click.option("--json", "as_json", is_flag=True, help="Print the status as one JSON object.")
@at_location
def status(*, location: StackLocation, package_path: Path | None, as_json: bool) -> None:
    """Show the state of a stack, its unhealthy resources, its package, and its outputs.

    This is read-only. `doctor --profile STACK` checks whether requests can be processed.

    \b
    Examples:
      express-sync status
      express-sync status --region cn-hangzhou --stack staging
      express-sync status --json | jq -r .state

    \b
    Exit codes:
      0    the stack and its resources are healthy
      1    they are not, or an operation is in progress
      2    failed; the error message says why
    """
    local = package_file.read(package_path) if package_path else package_file.newest(location.packages)
    stacks = clients.stacks(location, location.credentials())
    try:
        stack = stacks.find(location.stack)
        if stack is None:
            raise CliError(
                f"Stack {location.stack} does not exist in {location.region}; create it with `express-sync deploy`."
            )
        found = stack_status(stacks, stack, local)
    except ServiceError as error:
        raise CliError(messages.service_error(error, location, "")) from None
    if as_json:
        output.json_line({"region": location.region, **found.document()})
    else:
        _show(found)
    exit_with(ExitCode.DONE if found.is_healthy else ExitCode.UNSUCCESSFUL)


def _show(found: StackStatus) -> None:
    stack = found.stack
    reason = "" if found.is_healthy else f": {messages.failure_reason(stack, ())}"
    lines = [("Stack", f"{stack.name} is {stack.state}{reason}"), ("Package", _package(found))]
    lines += [
        ("Unhealthy", f"{each.name} ({each.type}) is {each.state}: {each.reason or '-'}") for each in found.unhealthy
    ]
    for label, text in lines:
        output.print_line(printable(f"{label:<9} {text}"))
    print_outputs(stack.outputs)


def _package(found: StackStatus) -> str:
    deployed = found.stack.parameters.get(template_file.CODE_OBJECT) or "unknown"
    if found.local is None:
        return f"{deployed} is deployed; no local package was found for comparison"
    if found.runs_local:
        return f"{deployed} is deployed, the same as {found.local.path}"
    return f"{deployed} is deployed, but {found.local.path} is {found.local.key}"
