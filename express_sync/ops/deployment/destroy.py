"""Deleting a stack: what goes with it, and what is left after it. Must not know how it is shown or who gave leave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from express_sync.ops.deployment import messages
from express_sync.ops.deployment.errors import RefusedError
from express_sync.ops.deployment.location import Site
from express_sync.ops.deployment.oss import Bucket
from express_sync.ops.deployment.ros import Stacks
from express_sync.ops.deployment.stack import Event, Resource, Stack
from express_sync.ops.deployment.template_file import CODE_BUCKET, CODE_OBJECT
from express_sync.ops.deployment.wait import Patience, Watch
from express_sync.ops.doctor.messaging import QUEUES
from express_sync.ops.doctor.smq_inventory import SmqInventory
from express_sync.ops.targets import profiles
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.output import printable
from express_sync.ops.terminal.signals import defer_interrupt
from handler.credentials import Credentials
from handler.smq.client import SmqError

NEVER_DELETED = "the express synchronization groups that were made, and the service-linked roles of the account"


@dataclass(frozen=True, slots=True)
class Victim:
    """A stack that is to be deleted; `messages` counts those in each of its queues, None where nobody could count."""

    stack: Stack
    resources: tuple[Resource, ...]
    messages: Mapping[str, int | None]

    @property
    def package(self) -> tuple[str, str] | None:
        """Bucket and key of the package that it runs, if it says so."""
        bucket, key = (self.stack.parameters.get(name, "") for name in (CODE_BUCKET, CODE_OBJECT))
        return (bucket, key) if bucket and key else None


def look(stacks: Stacks, site: Site, credentials: Credentials) -> Victim:
    """What would be deleted. CliError if there is no such stack, or if it cannot be seen."""
    try:
        stack = stacks.find(site.stack)
        if stack is None:
            raise CliError(f"There is no stack {site.stack} in {site.region}; nothing is to be deleted.")
        resources = stacks.resources(stack.id)
    except RefusedError as refused:
        raise CliError(f"{messages.refused(refused, site, '')} Nothing was deleted.") from None
    if stack.state == "DELETE_IN_PROGRESS":
        raise CliError(f"Stack {stack.name} is being deleted already; see `express-sync status {site.options}`.")
    return Victim(stack, resources, _messages(site, credentials))


def delete(stacks: Stacks, victim: Victim, site: Site, tell: Callable[[Event], None]) -> Watch:
    """Have the stack deleted, and give the watch over it. CliError if ROS refuses."""
    try:
        with defer_interrupt():
            watch = Watch.begin(stacks, victim.stack.id, tell)
            stacks.delete(victim.stack.id)
    except RefusedError as refused:
        left = " Whether ROS began is not known." if refused.may_pass else " Nothing was deleted."
        raise CliError(messages.refused(refused, site, "") + left) from None
    return watch


def settle(watch: Watch, stacks: Stacks, site: Site, patience: Patience) -> None:
    """Wait until the stack is gone. CliError if it stays, which names what remains; TimeoutError if time runs out."""
    try:
        stack = watch.until_settled(patience)
        remains = () if stack is None else stacks.resources(stack.id)
    except RefusedError as refused:
        raise CliError(f"{messages.refused(refused, site, '')} {messages.goes_on(site)}") from None
    if stack is not None:
        named = ", ".join(
            f"{each.name} ({printable(each.reason) or each.state})" for each in remains if not _gone(each)
        )
        raise CliError(
            f"Stack {stack.name} is now {stack.state}, and these remain: {named or 'nothing that ROS names'};"
            " mend the cause and run the same command again."
        )


def delete_package(bucket: Bucket, key: str, site: Site) -> None:
    """Delete the package. CliError if it stays."""
    try:
        bucket.delete(key)
    except RefusedError as refused:
        said = messages.refused(refused, site, bucket.name)
        raise CliError(f"{said} The stack is deleted; oss://{bucket.name}/{key} remains.") from None


def former_packages(bucket: str, key: str) -> str:
    """Where packages of former versions are, if the stack has had other versions than the one with this `key`."""
    return f"packages of former versions, if there were any, in oss://{bucket}/{key.rpartition('/')[0]}/"


def _gone(resource: Resource) -> bool:
    return resource.state == "DELETE_COMPLETE"


def _messages(site: Site, credentials: Credentials) -> Mapping[str, int | None]:
    """About how many messages each queue of the profile holds; empty if there is no profile to name them."""
    whole = profiles.completed(site.profile)
    endpoint = whole.get("mns", {}).get("endpoint")
    if not endpoint:
        return {}
    records = SmqInventory(endpoint, credentials)
    names = (whole["mns"].get(role) for role in QUEUES)
    return {name: count for name in names if name and (count := _counted(records, name)) != 0}


def _counted(records: SmqInventory, queue: str) -> int | None:
    try:
        return records.message_count(queue)
    except SmqError as error:
        return 0 if error.code == "QueueNotExist" else None
