"""What came in and what became of it, for tests and people to read. Knows no secrets and decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone


@dataclass(slots=True)
class Entry:
    """One call, filled in as it goes on.

    `code` is the API's code that the client was sent, None while or where there is none. `outcome` is what became
    of the operation whatever the client was told: `pending`, `done`, `not-executed`, or the code of its real
    refusal.
    `fault` is the fault that struck the call, as it was queued, None if none did.
    """

    operation: str
    name: str
    access_key_id: str
    request_id: str
    time: str
    code: str | None = None
    outcome: str = "pending"
    fault: str | None = None

    def document(self) -> dict[str, str | None]:
        """Write the entry for `GET /_local/calls`."""
        return {
            "operation": self.operation,
            "name": self.name,
            "code": self.code,
            "outcome": self.outcome,
            "fault": self.fault,
            "requestId": self.request_id,
            "time": self.time,
            "accessKeyId": self.access_key_id,
        }


class Journal:
    """The calls since the last reset, oldest first, dated by `now` (seconds since the epoch)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.entries: list[Entry] = []

    def open(self, operation: str, name: str, access_key_id: str, request_id: str) -> Entry:
        """Note that a call has arrived."""
        time = datetime.fromtimestamp(self._now(), timezone.utc).isoformat(timespec="milliseconds")
        entry = Entry(operation, name, access_key_id, request_id, time.replace("+00:00", "Z"))
        self.entries.append(entry)
        return entry

    def reset(self) -> None:
        """Forget all calls."""
        self.entries.clear()
