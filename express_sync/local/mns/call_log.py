"""The recent calls, for who tests against the emulator.

Must not know: what a call is about. Never holds secrets or bodies.
"""

from collections import deque
from dataclasses import dataclass

_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One call: `operation` is empty if it meant none, `status` None if it was not answered."""

    time: float
    operation: str
    target: str
    fault: str
    request_id: str
    status: int | None
    code: str

    def document(self) -> dict[str, str | int | float | None]:
        """The entry as JSON has it."""
        return {
            "time": self.time,
            "operation": self.operation,
            "target": self.target,
            "fault": self.fault,
            "requestId": self.request_id,
            "status": self.status,
            "code": self.code,
        }


class Journal:
    """The last 1000 calls, the oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=_LENGTH)

    def reset(self) -> None:
        """Forget all calls."""
        self.entries.clear()
