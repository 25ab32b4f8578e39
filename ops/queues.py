"""One SMQ queue, met through the function's own fenced SDK session. It must not know what the messages are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handler.signature import Credentials
from handler.smq import Received, Smq


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue `name` of a session; every call may raise SmqError."""

    smq: Smq
    name: str

    def send(self, bodies: Sequence[str]) -> tuple[str, ...]:
        """The ids of the messages, in the order of their bodies; at most 16 bodies, 64 KiB together."""
        return self.smq.send(self.name, bodies)

    def receive(self, wait_seconds: int) -> tuple[Received, ...]:
        """Up to 16 messages; none if none came within `wait_seconds`."""
        return self.smq.receive(self.name, wait_seconds=wait_seconds)

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Take at most 16 messages out of the queue for good."""
        self.smq.delete(self.name, receipt_handles)


def queue(profile: Mapping[str, Any], role: str, credentials: Credentials) -> Queue:
    """The queue that has `role` in a profile, `requestQueue` or `resultQueue`."""
    mns = profile["mns"]
    return Queue(Smq(mns["endpoint"].rstrip("/"), credentials), mns[role])
