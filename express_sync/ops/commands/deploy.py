"""`express-sync deploy`: the function and everything around it into an account, or what has changed of it."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from express_sync.ops.deployment import deploy as deployment
from express_sync.ops.deployment import package_file, progress, template_file
from express_sync.ops.deployment.deploy import Cloud
from express_sync.ops.deployment.location import DEFAULT_STACK, Site, choose
from express_sync.ops.deployment.oss import Bucket, checked_name
from express_sync.ops.deployment.package_file import Package
from express_sync.ops.deployment.plan import Plan, check, runtime
from express_sync.ops.deployment.ros import Stacks
from express_sync.ops.deployment.stack import Stack
from express_sync.ops.deployment.template_file import RUNTIME, Template
from express_sync.ops.deployment.wait import Patience
from express_sync.ops.doctor.checks import run_checks
from express_sync.ops.doctor.cloud import InspectedCloud
from express_sync.ops.doctor.report import conclude, document, report
from express_sync.ops.packaging.package import build
from express_sync.ops.packaging.progress import steps_shown
from express_sync.ops.targets import profiles
from express_sync.ops.targets.credentials import NoKeyError, find
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with

Environment = Mapping[str, str]


@click.command(short_help="Deploy template.yml and the function into an account.")
@click.option("--region", help="Where to; by default that of the profile, else $EXPRESS_SYNC_REGION.")
@click.option("--code-bucket", required=True, help="An OSS bucket of that region, to keep the package in.")
@click.option("--stack", default=DEFAULT_STACK, show_default=True, help="The name of the stack, and of its profile.")
@click.option("--parameter", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of template.yml.")
@click.option(
    "--package", "package_path", type=click.Path(path_type=Path), help="Deploy this file; by default one is built."
)
@click.option("--dry-run", is_flag=True, help="Say exactly what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Go on: this changes the account, and costs money there.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(0, min_open=True),
    default=1800.0,
    show_default=True,
    help="The longest wait for the stack, in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the plan, or what was deployed.")
def deploy(
    *,
    region: str | None,
    code_bucket: str,
    stack: str,
    given: tuple[str, ...],
    package_path: Path | None,
    dry_run: bool,
    yes: bool,
    timeout_seconds: float,
    as_json: bool,
) -> None:
    """Put the package into OSS, create or update the stack, wait for it, and check it with `doctor`.

    Running it again is always safe: what is there already is left alone, and parameters that are not given stay as
    they are. The stack's profile is written, so that `express-sync submit --profile STACK` and all others work at once.

    \b
    Examples:
      express-sync deploy --region cn-hangzhou --code-bucket my-code --dry-run
      express-sync deploy --region cn-hangzhou --code-bucket my-code --yes
      express-sync deploy --code-bucket my-code --parameter AdoptionPolicy=owned --yes

    \b
    Exit codes:
      0    deployed, or nothing was to be changed, and nothing is wrong; with --dry-run: possible
      1    deployed, and `doctor` finds something wrong
      2    not possible; the sentence says why, what exists now and what to do
      3    time ran out; the stack goes on
      130  interrupted; the stack goes on
    """
    environment = os.environ  # noqa: TID251 - a command line's environment is its settings
    site = choose(region, stack, Path.cwd(), environment)
    template = template_file.load()
    parameters, bucket = template_file.parameters(template, given), checked_name(code_bucket)
    named = package_file.read(package_path) if package_path else None
    output.info(f"Acting on stack {site.stack} in {site.region} (ROS at {site.ros}, OSS at {site.oss}).")
    cloud = _cloud(site, bucket, environment, is_needed=not dry_run)
    seen = deployment.look(cloud, site, template) if cloud else None
    there = seen.stack if seen else None
    package = _suitable(named, template, {**parameters, RUNTIME: runtime(parameters, there, template)})
    has_object = deployment.holds(cloud, site, package) if cloud else None
    plan = Plan(site, template, package, bucket, parameters, seen, has_object)
    check(plan)
    _profile(plan, {})  # if none can be made, that is to be said before there is a stack
    if dry_run or not yes or cloud is None:
        _show_plan(plan, as_json)
        if not dry_run:
            raise CliError(f"This changes the account in {site.region} and costs money there; add --yes to go on.")
        exit_with(ExitCode.DONE)
    else:
        site.make_room()
        patience = Patience(timeout_seconds, time.monotonic, time.sleep)  # noqa: TID251 - a command's clock is real
        deployed, action = _deploy(cloud, plan, patience)
        if not as_json:
            progress.outputs(deployed.outputs)
        profile = _profile(plan, deployed.outputs)
        _keep(profile, deployed, action, site)
        whole = profiles.checked(profile, str(site.profile_path))
        _finish(deployed, action, plan, InspectedCloud(whole, find(whole, environment)), as_json)


def _suitable(named: Package | None, template: Template, parameters: Mapping[str, str]) -> Package:
    """The package that was named, else one that is built. CliError if a stack with these parameters cannot run it."""
    function = template.function(parameters)
    package = named or package_file.read(_built(function["Runtime"]))
    package_file.check(package, function["Runtime"], function["Handler"])
    return package


def _built(wanted: str) -> Path:
    with steps_shown() as told:
        return build(template_file.TEMPLATE, wanted, package_file.DISTRIBUTIONS, told=told).path


def _cloud(site: Site, bucket: str, environment: Environment, *, is_needed: bool) -> Cloud | None:
    """The services, None where there is no key and none is needed."""
    try:
        key = site.credentials(environment)
    except NoKeyError as problem:
        if is_needed:
            raise
        output.info(f"Neither bucket nor stack is looked at. {problem.message}")
        return None
    return Cloud(Stacks(site.region, site.ros, key), Bucket(bucket, site.region, site.oss, key))


def _show_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        output.json_line({"dryRun": True, **plan.document()})
        return
    for what, said in plan.lines():
        output.print_line(output.printable(f"{what:<11} {said}"))


def _profile(plan: Plan, outputs: Mapping[str, str]) -> Mapping[str, Any]:
    """What is to be kept as the profile of a stack with these outputs. CliError if no command could use it."""
    profile = plan.site.described(plan.seen.account_id if plan.seen else "", plan.name_prefix, outputs)
    if plan.seen:
        profiles.checked(profile, str(plan.site.profile_path))
    return profile


def _deploy(cloud: Cloud, plan: Plan, patience: Patience) -> tuple[Stack, str]:
    """Carry the plan out; the stack as it is then, and what was done to it."""
    if not plan.has_object:
        with progress.uninterrupted(f"The stack was not touched; {plan.place} may be there."):
            deployment.upload(cloud, plan)
        output.info(f"The package is at {plan.place}.")
    with progress.no_longer_than_wanted(plan.site), progress.events("Stack", len(plan.template.resources)) as tell:
        watch = deployment.start(cloud, plan, tell)
        if watch is not None:
            return deployment.settle(watch, plan, patience), f"{plan.action}d"
    output.info("Nothing was to be changed.")
    return deployment.unchanged(plan), "unchanged"


def _keep(profile: Mapping[str, Any], stack: Stack, action: str, site: Site) -> None:
    """Write the profile. CliError if that fails, which says that the stack is there."""
    try:
        site.write(profile)
    except CliError as problem:
        raise CliError(f"Stack {stack.name} is {action}, but has no profile. {problem.message}") from None


def _finish(stack: Stack, action: str, plan: Plan, patient: InspectedCloud, as_json: bool) -> None:
    """Check the stack, and say what was done to it."""
    if as_json:
        findings = [document(check, finding) for check, finding in run_checks(patient)]
        done = {"action": action, "stackId": stack.id, "state": stack.state, "outputs": dict(stack.outputs)}
        profile_path = str(plan.site.profile_path)
        output.json_line({**plan.document(), **done, "profile": profile_path, "findings": findings})
        exit_with(ExitCode.UNSUCCESSFUL if any(each["mark"] == "wrong" for each in findings) else ExitCode.DONE)
    output.info(f"Stack {stack.name} is {action}. Its profile is {plan.site.profile_path}: use --profile {stack.name}.")
    conclude(report(patient, as_json=False))
