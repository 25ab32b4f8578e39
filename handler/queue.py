"""Sends a deferred request back to its queue. It must not know why it was deferred, or when it will be worked."""

from dataclasses import dataclass

from handler.smq.senders import Persistence


@dataclass(frozen=True, slots=True)
class RequestQueue:
    """The queue `name`; threads may share it."""

    persistence: Persistence
    name: str

    def send_back(self, body: str, delay_seconds: int, until: float) -> None:
        """Return once the queue holds the message, hidden for the delay; SmqError when not by `until` (monotonic)."""
        self.persistence.do(lambda smq: smq.send(self.name, [body], delay_seconds), until)
