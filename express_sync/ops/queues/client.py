"""One SMQ queue, called through the function's own SMQ client, with retries after transient errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from express_sync.ops.queues.retry import Retry
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials
from handler.smq.client import Received, Smq

T = TypeVar("T")

RESULT_QUEUE = "resultQueue"
PORTAL_QUEUE = "portalQueue"
# The queues that a stack may lack, and what to tell whoever needs one.
OPTIONAL_QUEUES = {
    RESULT_QUEUE: "No result queue is configured; create one with `deploy --parameter CreateResultQueue=true`,"
    f" or add mns.{RESULT_QUEUE} to the profile if there is one.",
    PORTAL_QUEUE: "No queue for the portal is configured; create one with `deploy --parameter CreatePortalQueue=true`,"
    f" or add mns.{PORTAL_QUEUE} to the profile if there is one.",
}


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue; every call may raise SmqError, and without `retry` it does so at the first transient error."""

    smq: Smq
    name: str
    retry: Retry | None = None

    def send(self, bodies: Sequence[str]) -> tuple[str, ...]:
        """Send at most 16 bodies, 64 KiB together; return the message ids in the same order."""
        return self.retrying(lambda: self.smq.send(self.name, bodies))

    def receive(self, wait_seconds: int, count: int = 16) -> tuple[Received, ...]:
        """Return up to `count` messages, at most 16; none if none arrives within `wait_seconds`."""
        return self.retrying(lambda: self.smq.receive(self.name, count, wait_seconds))

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete at most 16 received messages."""
        self.retrying(lambda: self.smq.delete(self.name, receipt_handles))

    def hide(self, receipt_handle: str, seconds: int) -> str:
        """Hide a received message for 1 to 43200 seconds from now; return its new receipt handle."""
        return self.retrying(lambda: self.smq.change_visibility(self.name, receipt_handle, seconds))

    def retrying(self, call: Callable[[], T]) -> T:
        """Return the result of `call`, repeated after transient errors if the queue does so."""
        return self.retry(call) if self.retry else call()


def queue(profile: Mapping[str, Any], role: str, credentials: Credentials) -> Queue:
    """Return the queue with this role in a profile, with a client of its own. CliError if it is not named there."""
    return Queue(Smq.at(profile["mns"]["endpoint"].rstrip("/"), credentials), queue_name(profile, role))


def queue_name(profile: Mapping[str, Any], role: str) -> str:
    """Return the name of the queue with this role, such as `requestQueue`. CliError if a profile does not name it."""
    name: str = profile["mns"].get(role, "")
    if not name:
        unnamed = f"The profile does not name this queue; add mns.{role} to it."
        raise CliError(OPTIONAL_QUEUES.get(role, unnamed))
    return name
