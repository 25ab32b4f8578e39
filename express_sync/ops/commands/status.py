"""`express-sync status`: how a deployed stack is."""

import os
from pathlib import Path

import click

from express_sync.ops.deployment import messages, package_file, progress, template_file
from express_sync.ops.deployment.errors import RefusedError
from express_sync.ops.deployment.location import DEFAULT_STACK, choose
from express_sync.ops.deployment.ros import Stacks
from express_sync.ops.deployment.status import Examined, examine
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with


@click.command(short_help="Say how a deployed stack is.")
@click.option("--region", help="Where it is; by default that of its profile, else $EXPRESS_SYNC_REGION.")
@click.option("--stack", default=DEFAULT_STACK, show_default=True, help="The name of the stack.")
@click.option(
    "--package",
    "package_path",
    type=click.Path(path_type=Path),
    help="The package to compare with; by default the newest dist/function-*.zip.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def status(region: str | None, stack: str, package_path: Path | None, as_json: bool) -> None:
    """Show the state of a stack, what in it is not well, which package it runs, and its outputs.

    Only looks. Whether requests get through is what `doctor --profile STACK` finds out.

    \b
    Examples:
      express-sync status
      express-sync status --region cn-hangzhou --stack staging
      express-sync status --json | jq -r .state

    \b
    Exit codes:
      0    stack and resources are well
      1    they are not, or not yet
      2    not possible; one sentence says why
    """
    environment = os.environ  # noqa: TID251 - a command line's environment is its settings
    site = choose(region, stack, Path.cwd(), environment)
    local = package_file.read(package_path) if package_path else package_file.newest(package_file.DISTRIBUTIONS)
    output.info(f"Acting on stack {site.stack} in {site.region} (ROS at {site.ros}).")
    stacks = Stacks(site.region, site.ros, site.credentials(environment))
    try:
        found = stacks.find(site.stack)
        if found is None:
            raise CliError(f"There is no stack {site.stack} in {site.region}; `express-sync deploy` makes one.")
        examined = examine(stacks, found, local)
    except RefusedError as refused:
        raise CliError(messages.refused(refused, site, "")) from None
    if as_json:
        output.json_line({"region": site.region, **examined.document()})
    else:
        _show(examined)
    exit_with(ExitCode.DONE if examined.is_well else ExitCode.UNSUCCESSFUL)


def _show(examined: Examined) -> None:
    stack = examined.stack
    because = "" if examined.is_well else f": {messages.reason(stack, ())}"
    output.print_line(output.printable(f"{'Stack':<9} {stack.name} is {stack.state}{because}"))
    output.print_line(output.printable(f"{'Package':<9} {_package(examined)}"))
    for each in examined.unwell:
        output.print_line(
            output.printable(f"{'Unwell':<9} {each.name} ({each.type}) is {each.state}: {each.reason or '-'}")
        )
    progress.outputs(stack.outputs)


def _package(examined: Examined) -> str:
    deployed = examined.stack.parameters.get(template_file.CODE_OBJECT) or "unknown"
    if examined.local is None:
        return f"{deployed} is deployed; there is none here to compare with"
    if examined.runs_local:
        return f"{deployed} is deployed, the same as {examined.local.path}"
    return f"{deployed} is deployed, but {examined.local.path} is {examined.local.key}"
