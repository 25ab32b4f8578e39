"""The steps of a deletion: what is deleted with a stack, and what remains afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from express_sync.ops.deployment import messages
from express_sync.ops.deployment.errors import ServiceError
from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.stack import Event, Resource, Stack
from express_sync.ops.deployment.template_file import CODE_BUCKET, CODE_OBJECT
from express_sync.ops.deployment.wait import PollPolicy, StackWaiter
from express_sync.ops.doctor.messaging import QUEUES
from express_sync.ops.queues.inventory import SmqInventory
from express_sync.ops.targets import profiles
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.printable import printable
from express_sync.ops.terminal.signals import defer_interrupt
from handler.credentials import Credentials
from handler.smq.client import SmqError

if TYPE_CHECKING:
    from express_sync.ops.deployment.oss import Bucket
    from express_sync.ops.deployment.ros import Stacks

NEVER_DELETED = "the express synchronization groups that were created, and the service-linked roles of the account"


@dataclass(frozen=True, slots=True)
class StackToDelete:
    """A stack to delete; `messages` is the number of messages in each queue, None if it could not be determined."""

    stack: Stack
    resources: tuple[Resource, ...]
    messages: Mapping[str, int | None]

    @property
    def package(self) -> tuple[str, str] | None:
        """Bucket and key of the package that the stack runs, if it has these parameters."""
        bucket, key = (self.stack.parameters.get(name, "") for name in (CODE_BUCKET, CODE_OBJECT))
        return (bucket, key) if bucket and key else None


def inspect(stacks: "Stacks", location: StackLocation, credentials: Credentials) -> StackToDelete:
    """Look up what would be deleted. Raise CliError if the stack does not exist or the lookup fails."""
    try:
        stack = stacks.find(location.stack)
        if stack is None:
            raise CliError(f"Stack {location.stack} does not exist in {location.region}, so nothing was deleted.")
        resources = stacks.resources(stack.id)
    except ServiceError as error:
        raise CliError(f"{messages.service_error(error, location, '')} Nothing was deleted.") from None
    if stack.state == "DELETE_IN_PROGRESS":
        raise CliError(
            f"Stack {stack.name} is already being deleted; check with `express-sync status {location.options}`."
        )
    return StackToDelete(stack, resources, _message_counts(location, credentials))


def start(
    stacks: "Stacks", target: StackToDelete, location: StackLocation, on_event: Callable[[Event], None]
) -> StackWaiter:
    """Start to delete the stack. Raise CliError if ROS rejects that."""
    try:
        with defer_interrupt():
            waiter = StackWaiter.for_existing(stacks, target.stack.id, on_event)
            stacks.delete(target.stack.id)
    except ServiceError as error:
        effect = "It is not known whether ROS started." if error.is_transient else "Nothing was deleted."
        raise CliError(f"{messages.service_error(error, location, '')} {effect}") from None
    return waiter


def wait(waiter: StackWaiter, stacks: "Stacks", location: StackLocation, policy: PollPolicy) -> None:
    """Wait until the stack is deleted. Raise CliError with the remaining resources, TimeoutError after the limit."""
    try:
        stack = waiter.wait(policy)
        remaining = () if stack is None else stacks.resources(stack.id)
    except ServiceError as error:
        message = messages.service_error(error, location, "")
        raise CliError(f"{message} {messages.still_running(location)}") from None
    if stack is not None:
        names = ", ".join(
            f"{each.name} ({printable(each.reason) or each.state})"
            for each in remaining
            if each.state != "DELETE_COMPLETE"
        )
        raise CliError(
            f"Stack {stack.name} is now {stack.state}, and these resources remain:"
            f" {names or 'none that ROS names'}; fix the cause and run the same command again."
        )


def delete_package(bucket: "Bucket", key: str, location: StackLocation) -> None:
    """Delete the package. Raise CliError if that fails."""
    try:
        bucket.delete(key)
    except ServiceError as error:
        message = messages.service_error(error, location, bucket.name)
        raise CliError(f"{message} The stack is deleted; oss://{bucket.name}/{key} remains.") from None


def previous_packages(bucket: str, key: str) -> str:
    """Return where the packages of previous versions of the stack are, if there were any."""
    return f"packages of previous versions, if there were any, in oss://{bucket}/{key.rpartition('/')[0]}/"


def _message_counts(location: StackLocation, credentials: Credentials) -> Mapping[str, int | None]:
    """Return about how many messages each queue of the profile holds, without empty queues."""
    profile = profiles.completed(location.profile)
    endpoint = profile.get("mns", {}).get("endpoint")
    if not endpoint:
        return {}
    inventory = SmqInventory.at(endpoint, credentials)
    names = (profile["mns"].get(key) for key in QUEUES)
    return {name: count for name in names if name and (count := _message_count(inventory, name)) != 0}


def _message_count(inventory: SmqInventory, queue: str) -> int | None:
    try:
        return inventory.state(queue).total
    except SmqError as error:
        return 0 if error.code == "QueueNotExist" else None
