"""The steps of a deployment, and the error messages with what exists after each of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from express_sync.ops.deployment import messages
from express_sync.ops.deployment.errors import ServiceError
from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.plan import Existing, Plan
from express_sync.ops.deployment.stack import Event, Stack
from express_sync.ops.deployment.template_file import Template
from express_sync.ops.deployment.wait import PollPolicy, StackWaiter
from express_sync.ops.packaging.package import Package
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.signals import defer_interrupt

if TYPE_CHECKING:
    from express_sync.ops.deployment.oss import Bucket
    from express_sync.ops.deployment.ros import Stacks


@dataclass(frozen=True, slots=True)
class Services:
    """The clients of ROS and OSS for one location."""

    stacks: "Stacks"
    bucket: "Bucket"


def inspect(services: Services, location: StackLocation, template: Template) -> Existing:
    """Look up what exists before a deployment. Raise CliError if that rules out the deployment."""
    with _nothing_changed(services, location):
        bucket = services.bucket.describe()
        if bucket.region != location.region:
            raise CliError(messages.wrong_region(services.bucket.name, bucket.region, location.region))
        if location.profile.get("accountId", bucket.account_id) != bucket.account_id:
            raise CliError(messages.wrong_account(services.bucket.name, bucket.account_id, location))
        services.stacks.validate(template.text)
        return Existing(services.stacks.find(location.stack), bucket.account_id)


def has_package(services: Services, location: StackLocation, package: Package) -> bool:
    """Return whether the bucket contains the package. Raise CliError if that cannot be determined."""
    with _nothing_changed(services, location):
        return services.bucket.has(package.key, package.path)


def upload(services: Services, plan: Plan) -> None:
    """Upload the package to where the stack expects it. Raise CliError if that fails."""
    try:
        services.bucket.put(plan.package.key, plan.package.path)
    except ServiceError as error:
        message = messages.service_error(error, plan.location, plan.bucket)
        raise CliError(f"{message} The stack was not changed; {plan.object_url} may exist.") from None


def start(services: Services, plan: Plan, on_event: Callable[[Event], None]) -> StackWaiter | None:
    """Start to create or update the stack. Return None if nothing changes. Raise CliError if that fails."""
    stack, stacks = plan.stack, services.stacks
    text, parameters = plan.template.text, plan.parameters
    try:
        with defer_interrupt():
            if stack is None:
                created = stacks.create(plan.location.stack, text, parameters)
                return StackWaiter(stacks, created, on_event)
            waiter = StackWaiter.for_existing(stacks, stack.id, on_event)
            return waiter if stacks.update(stack.id, text, parameters) else None
    except ServiceError as error:
        message = messages.service_error(error, plan.location, plan.bucket)
        effect = "it is not known whether ROS started" if error.is_transient else "the stack was not changed"
        raise CliError(
            f"{message} The package is at {plan.object_url}, and {effect};"
            f" check with `express-sync status {plan.location.options}`."
        ) from None


def require_healthy(plan: Plan) -> Stack:
    """Return the stack of a plan without changes. Raise CliError if the stack is not healthy."""
    stack = plan.stack
    if stack is None or stack.health != "healthy":
        state = stack.state if stack else "missing"
        raise CliError(
            f"Stack {plan.location.stack} is {state}, and ROS finds nothing to change;"
            f" run `express-sync destroy {plan.location.options} --yes`, then deploy again."
        )
    return stack


def wait(waiter: StackWaiter, plan: Plan, policy: PollPolicy) -> Stack:
    """Wait until the stack is healthy and return it. Raise CliError if it is not, TimeoutError after the limit."""
    try:
        stack = waiter.wait(policy)
    except ServiceError as error:
        message = messages.service_error(error, plan.location, plan.bucket)
        raise CliError(f"{message} {messages.still_running(plan.location)}") from None
    if stack is None:
        raise CliError(
            f"Stack {plan.location.stack} was deleted in the meantime, {plan.object_url} was not; deploy again."
        )
    if stack.health != "healthy":
        raise CliError(messages.stack_failed(stack, waiter.failures, plan))
    return stack


@contextmanager
def _nothing_changed(services: Services, location: StackLocation) -> Iterator[None]:
    try:
        yield
    except ServiceError as error:
        message = messages.service_error(error, location, services.bucket.name)
        raise CliError(f"{message} Nothing was changed.") from None
