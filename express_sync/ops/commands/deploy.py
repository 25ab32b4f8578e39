"""`express-sync deploy`: deploys the function and its resources, or updates what has changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from express_sync.ops import system
from express_sync.ops.commands.options import dry_run_option
from express_sync.ops.commands.stack_options import at_location, package_option, wait_option
from express_sync.ops.deployment import clients, package_file, progress, template_file
from express_sync.ops.deployment import deploy as deployment
from express_sync.ops.deployment.deploy import Services
from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.plan import Plan, check, runtime
from express_sync.ops.deployment.stack import Stack
from express_sync.ops.deployment.template_file import RUNTIME, Template
from express_sync.ops.deployment.wait import PollPolicy
from express_sync.ops.doctor.checks import run_checks
from express_sync.ops.doctor.cloud import InspectedCloud
from express_sync.ops.doctor.report import conclude, document, report
from express_sync.ops.packaging.package import Package, build
from express_sync.ops.packaging.progress import step_bar
from express_sync.ops.targets import profiles
from express_sync.ops.targets.credentials import NoKeyError, find
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.printable import printable
from express_sync.paths import TEMPLATE


@click.command()
@click.option("--code-bucket", required=True, help="OSS bucket of the region, for the package.")
@click.option("--parameter", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of template.yml.")
@package_option("Deploy this file; default: a package is built.")
@dry_run_option
@click.option("--yes", is_flag=True, help="Confirm: this changes the account and costs money.")
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the plan, or what was deployed.")
@at_location
def deploy(
    *,
    location: StackLocation,
    code_bucket: str,
    given: tuple[str, ...],
    package_path: Path | None,
    dry_run: bool,
    yes: bool,
    policy: PollPolicy,
    as_json: bool,
) -> None:
    """Upload the package to OSS, create or update the stack, wait for it, and check it with `doctor`.

    Running it again is always safe: nothing is done twice, and parameters that are not given keep their values. The
    profile of the stack is written, so that `express-sync submit --profile STACK` and all other commands can use it.

    \b
    Examples:
      express-sync deploy --region cn-hangzhou --code-bucket my-code --dry-run
      express-sync deploy --region cn-hangzhou --code-bucket my-code --yes
      express-sync deploy --code-bucket my-code --parameter AdoptionPolicy=owned --yes

    \b
    Exit codes:
      0    deployed or unchanged, and nothing is wrong; with --dry-run: possible
      1    deployed, and `doctor` finds a fault
      2    failed; the error message says why, what exists now, and the fix
      3    the time limit was reached; ROS continues
      130  interrupted; ROS continues
    """
    bucket = clients.checked_bucket_name(code_bucket)
    services = _services(location, bucket, required=not dry_run)
    plan = _plan(location, bucket, given, package_path, services)
    if dry_run or not yes or services is None:
        _show_plan(plan, as_json)
        if not dry_run:
            raise CliError(f"This changes the account in {location.region} and costs money; add --yes to confirm.")
        output.notice("The stack would be deployed as shown. Nothing was changed.")
        exit_with(ExitCode.DONE)
    location.require_writable_profile()
    deployed, action = _deploy(services, plan, policy)
    if not as_json:
        progress.print_outputs(deployed.outputs)
    profile = _profile(plan, deployed.outputs)
    _write_profile(profile, deployed, action, location)
    checked = profiles.checked(profile, str(location.profile_path))
    cloud = InspectedCloud(checked, find(checked, location.environment), system.epoch_ms())
    _finish(deployed, action, plan, cloud, as_json)


def _plan(
    location: StackLocation,
    bucket: str,
    given: tuple[str, ...],
    package_path: Path | None,
    services: Services | None,
) -> Plan:
    """Return a plan that can be carried out. Raise CliError if the deployment is not possible."""
    template = template_file.load()
    parameters = template_file.parameters(template, given)
    named = package_file.read(package_path) if package_path else None
    existing = deployment.inspect(services, location, template) if services else None
    chosen = runtime(parameters, existing.stack if existing else None, template)
    package = _package(named, location, template, {**parameters, RUNTIME: chosen})
    has_object = deployment.has_package(services, location, package) if services else None
    plan = Plan(location, template, package, bucket, parameters, existing, has_object)
    check(plan)
    _profile(plan, {})  # reports an invalid profile before there is a stack
    return plan


def _package(
    named: Package | None, location: StackLocation, template: Template, parameters: Mapping[str, str]
) -> Package:
    """Return the named package, or a new one. Raise CliError if a stack with these parameters cannot run it."""
    function = template.function(parameters)
    package = named or _built(function["Runtime"], location)
    package_file.check(package, function["Runtime"], function["Handler"])
    return package


def _built(runtime_name: str, location: StackLocation) -> Package:
    with step_bar() as on_step:
        return build(TEMPLATE, runtime_name, location.packages, location.environment, on_step=on_step)


def _services(location: StackLocation, bucket: str, *, required: bool) -> Services | None:
    """Return the clients of the services, or None if the key is missing and not required."""
    try:
        key = location.credentials()
    except NoKeyError as error:
        if required:
            raise
        output.info(f"The bucket and the stack are not looked up. {error.message}")
        return None
    return Services(clients.stacks(location, key), clients.bucket(bucket, location, key))


def _show_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        output.json_line({"dryRun": True, **plan.document()})
        return
    for label, text in plan.lines():
        output.print_line(printable(f"{label:<11} {text}"))


def _profile(plan: Plan, outputs: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the profile of a stack with these outputs. Raise CliError if the profile is not valid."""
    account_id = plan.existing.account_id if plan.existing else ""
    profile = plan.location.updated_profile(account_id, plan.name_prefix, outputs)
    if plan.existing:
        profiles.checked(profile, str(plan.location.profile_path))
    return profile


def _deploy(services: Services, plan: Plan, policy: PollPolicy) -> tuple[Stack, str]:
    """Carry out the plan; return the stack and what was done to it."""
    if not plan.has_object:
        with progress.exit_on_interrupt(f"The stack was not changed; {plan.object_url} may exist."):
            deployment.upload(services, plan)
        output.info(f"The package is at {plan.object_url}.")
    with (
        progress.exit_when_waiting_ends(plan.location),
        progress.event_printer("Stack", len(plan.template.resources)) as on_event,
    ):
        waiter = deployment.start(services, plan, on_event)
        if waiter is not None:
            return deployment.wait(waiter, plan, policy), f"{plan.action}d"
    output.info("The stack is up to date.")
    return deployment.require_healthy(plan), "unchanged"


def _write_profile(profile: Mapping[str, Any], stack: Stack, action: str, location: StackLocation) -> None:
    try:
        location.write_profile(profile)
    except CliError as error:
        raise CliError(f"Stack {stack.name} is {action}, but has no profile. {error.message}") from None


def _finish(stack: Stack, action: str, plan: Plan, cloud: InspectedCloud, as_json: bool) -> None:
    """Check the stack, and report what was done."""
    profile_path = plan.location.profile_path
    if as_json:
        findings = [document(check_name, finding) for check_name, finding in run_checks(cloud)]
        done = {"action": action, "stackId": stack.id, "state": stack.state, "outputs": dict(stack.outputs)}
        output.json_line({**plan.document(), **done, "profile": str(profile_path), "findings": findings})
        exit_with(ExitCode.UNSUCCESSFUL if any(each["mark"] == "wrong" for each in findings) else ExitCode.DONE)
    output.info(f"Stack {stack.name} is {action}. Its profile is {profile_path}: use --profile {stack.name}.")
    conclude(report(cloud, as_json=False))
