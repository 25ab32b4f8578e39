"""One SMQ queue, met through the function's own fenced SDK session. It must not know what the messages are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from express_sync.ops.terminal.errors import CliError
from handler.sgw.signing import Credentials
from handler.smq.client import Received, Smq

RESULT_QUEUE = "resultQueue"  # the one that a stack may do without
_NO_RESULT_QUEUE = (
    "There is no result queue to take outcomes from; deploy with --parameter CreateResultQueue=true to make one,"
    f" or add mns.{RESULT_QUEUE} to the profile if there is one."
)


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue `name` of a session; every call may raise SmqError."""

    smq: Smq
    name: str

    def send(self, bodies: Sequence[str]) -> tuple[str, ...]:
        """The ids of the messages, in the order of their bodies; at most 16 bodies, 64 KiB together."""
        return self.smq.send(self.name, bodies)

    def receive(self, wait_seconds: int, count: int = 16) -> tuple[Received, ...]:
        """Up to `count` messages, at most 16; none if none came within `wait_seconds`."""
        return self.smq.receive(self.name, count, wait_seconds)

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Take at most 16 messages out of the queue for good."""
        self.smq.delete(self.name, receipt_handles)

    def hide(self, receipt_handle: str, seconds: int) -> str:
        """Keep a received message out of sight for 1 to 43200 seconds from now; its new receipt handle."""
        return self.smq.change_visibility(self.name, receipt_handle, seconds)


def queue(profile: Mapping[str, Any], role: str, credentials: Credentials) -> Queue:
    """The queue that has `role` in a profile, such as `requestQueue`. CliError if the profile names none."""
    mns = profile["mns"]
    if not mns.get(role):
        unnamed = f"The profile names no such queue; add mns.{role} to it."
        raise CliError(_NO_RESULT_QUEUE if role == RESULT_QUEUE else unnamed)
    return Queue(Smq(mns["endpoint"].rstrip("/"), credentials), mns[role])
