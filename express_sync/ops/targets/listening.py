"""Listens to the outcomes of a target: with a queue of the command's own, or else with the one of the profile."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from express_sync.ops.outcomes.reader import Mailbox
from express_sync.ops.queues.client import RESULT_QUEUE, Queue
from express_sync.ops.queues.leases import NO_LONGER_LEASED
from express_sync.ops.queues.listener import Place, listening
from express_sync.ops.targets.places import user_state_directory
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from handler.smq.client import Received, SmqError

_DENIED = "AccessDenied"
_RIGHTS = "mns:CreateQueue, mns:DeleteQueue, mns:Subscribe, mns:Unsubscribe and mns:ReceiveMessage"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Where a command reads outcomes; unless it `is_own`, other readers take outcomes from this one."""

    mailbox: Mailbox
    is_own: bool


@dataclass(frozen=True, slots=True)
class _Shared:
    """The queue of the profile; a message that comes again because its lease has ended is not an error."""

    queue: Queue

    def receive(self, wait_seconds: int) -> Sequence[Received]:
        """Return up to 16 messages."""
        return self.queue.receive(wait_seconds)

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete messages, except those that are visible again."""
        try:
            self.queue.delete(receipt_handles)
        except SmqError as error:
            if error.code not in NO_LONGER_LEASED:
                raise


@contextlib.contextmanager
def outcomes_of(target: Target, environment: Mapping[str, str]) -> Iterator[Outcomes]:
    """Listen for the length of the context. CliError if neither an own queue nor one of the profile can be used."""
    with contextlib.ExitStack() as stack:
        yield _own(target, environment, stack) or Outcomes(_Shared(target.results), is_own=False)


def _own(target: Target, environment: Mapping[str, str], stack: contextlib.ExitStack) -> Outcomes | None:
    """Return the command's own queue, None if it cannot have one and the profile names another; say so in this case."""
    place = _place(target, environment)
    if place is None:
        _warn(target, "the profile does not name the topic, the region and the account that an own queue needs")
        return None
    try:
        own = stack.enter_context(listening(target.queue_admin, place, target.retry))
    except SmqError as error:
        if error.code != _DENIED or not target.profile["mns"].get(RESULT_QUEUE):
            raise
        _warn(target, f"the key has no right to create an own queue; grant {_RIGHTS}")
        return None
    return Outcomes(own, is_own=True)


def _place(target: Target, environment: Mapping[str, str]) -> Place | None:
    profile = target.profile
    topic, region, account = profile["mns"].get("resultTopic"), profile.get("region"), profile.get("accountId")
    if not (topic and region and account):
        return None
    state = user_state_directory(environment)
    return Place(topic, f"acs:mns:{region}:{account}", state and state / "listeners")


def _warn(target: Target, reason: str) -> None:
    name = target.results.name
    output.notice(
        f"Outcomes are read from the queue {name}, which is shared: each outcome goes to one of its readers only,"
        f" so run no other reader meanwhile ({reason})."
    )
