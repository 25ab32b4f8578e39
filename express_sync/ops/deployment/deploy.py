"""The steps of a deployment, and what exists when one of them fails. Must not know how anything is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from express_sync.ops.deployment import messages
from express_sync.ops.deployment.errors import RefusedError
from express_sync.ops.deployment.location import Site
from express_sync.ops.deployment.oss import Bucket
from express_sync.ops.deployment.package_file import Package
from express_sync.ops.deployment.plan import Plan, Seen
from express_sync.ops.deployment.ros import Stacks
from express_sync.ops.deployment.stack import Event, Stack
from express_sync.ops.deployment.template_file import Template
from express_sync.ops.deployment.wait import Patience, Watch
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.signals import defer_interrupt


@dataclass(frozen=True, slots=True)
class Cloud:
    """The two services of one site."""

    stacks: Stacks
    bucket: Bucket


def look(cloud: Cloud, site: Site, template: Template) -> Seen:
    """What is there before a deployment. CliError if that rules it out."""
    with _looking(cloud, site):
        described = cloud.bucket.described()
        if described.region != site.region:
            raise CliError(messages.elsewhere(cloud.bucket.name, described.region, site.region))
        if site.profile.get("accountId", described.account_id) != described.account_id:
            raise CliError(messages.not_ours(cloud.bucket.name, described.account_id, site))
        cloud.stacks.validate(template.text)
        return Seen(cloud.stacks.find(site.stack), described.account_id)


def holds(cloud: Cloud, site: Site, package: Package) -> bool:
    """Whether the bucket has the package. CliError if that cannot be seen."""
    with _looking(cloud, site):
        return cloud.bucket.holds(package.key, package.path)


def upload(cloud: Cloud, plan: Plan) -> None:
    """Put the package where the stack will look for it. CliError if that fails."""
    try:
        cloud.bucket.put(plan.package.key, plan.package.path)
    except RefusedError as refused:
        said = messages.refused(refused, plan.site, plan.bucket)
        raise CliError(f"{said} The stack was not touched; {plan.place} may be there.") from None


def start(cloud: Cloud, plan: Plan, tell: Callable[[Event], None]) -> Watch | None:
    """Have the stack created or updated, and give the watch over it; None if there is nothing to change. CliError."""
    stack = plan.stack
    text, parameters = plan.template.text, plan.parameters
    try:
        with defer_interrupt():
            if stack is None:
                created = cloud.stacks.create(plan.site.stack, text, parameters)
                return Watch(cloud.stacks, created, tell)
            watch = Watch.begin(cloud.stacks, stack.id, tell)
            return watch if cloud.stacks.update(stack.id, text, parameters) else None
    except RefusedError as refused:
        said = messages.refused(refused, plan.site, plan.bucket)
        left = "whether ROS began is not known" if refused.may_pass else "the stack was not touched"
        raise CliError(
            f"{said} The package is at {plan.place}, and {left}; see `express-sync status {plan.site.options}`."
        ) from None


def unchanged(plan: Plan) -> Stack:
    """The stack of a plan that there was nothing to do for. CliError if it was not well before."""
    stack = plan.stack
    if stack is None or stack.standing != "well":
        state = stack.state if stack else "not there"
        raise CliError(
            f"Stack {plan.site.stack} is {state}, and ROS sees nothing to change;"
            f" run `express-sync destroy {plan.site.options} --yes`, then deploy again."
        )
    return stack


def settle(watch: Watch, plan: Plan, patience: Patience) -> Stack:
    """Wait for the stack, and give it if it is well. CliError if it is not; TimeoutError if time runs out."""
    try:
        stack = watch.until_settled(patience)
    except RefusedError as refused:
        said = messages.refused(refused, plan.site, plan.bucket)
        raise CliError(f"{said} {messages.goes_on(plan.site)}") from None
    if stack is None:
        raise CliError(f"Stack {plan.site.stack} was deleted meanwhile; {plan.place} is left. Deploy again.")
    if stack.standing != "well":
        raise CliError(messages.settled(stack, watch.failures, plan))
    return stack


@contextmanager
def _looking(cloud: Cloud, site: Site) -> Iterator[None]:
    try:
        yield
    except RefusedError as refused:
        raise CliError(f"{messages.refused(refused, site, cloud.bucket.name)} Nothing was changed.") from None
