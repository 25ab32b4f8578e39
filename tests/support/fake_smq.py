"""An MNS whose queues are lists: messages are hidden by the time of a manual clock, and calls fail as scripted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from handler.credentials import Credentials
from handler.smq.client import Received, SmqError
from tests.support.clock import ManualClock

HIDDEN_SECONDS = 60.0


@dataclass
class QueuedMessage:
    """A message, hidden until `visible_at`; each time it is hidden it gets a new receipt handle."""

    message_id: str
    body: str
    visible_at: float = 0.0
    handle: str = ""
    hidden: int = 0

    def hide(self, until: float) -> str:
        self.hidden += 1
        self.visible_at, self.handle = until, f"{self.message_id}/{self.hidden}"
        return self.handle


@dataclass
class FakeSmq:
    """An MNS; `errors` has for each operation the errors of its next calls, None for a call that succeeds."""

    clock: ManualClock
    queues: dict[str, list[QueuedMessage]] = field(default_factory=dict)
    errors: dict[str, list[SmqError | None]] = field(default_factory=dict)
    calls: list[tuple[str, object]] = field(default_factory=list)
    call_seconds: float = 0.0
    credentials: ClassVar = Credentials("key", "secret")

    def put(self, queue: str, *bodies: str) -> None:
        """Add messages to a queue, with the ids M-0, M-1 and so on."""
        messages = self.queues.setdefault(queue, [])
        messages.extend([QueuedMessage(f"M-{number}", body) for number, body in enumerate(bodies, len(messages))])

    def fail(self, operation: str, *errors: SmqError | None) -> None:
        """Let the next calls of an operation fail with these errors."""
        self.errors[operation] = list(errors)

    def left_in(self, queue: str) -> list[str]:
        """Return the ids of the messages in a queue."""
        return [message.message_id for message in self.queues[queue]]

    def visible_in(self, queue: str, seconds: float) -> list[str]:
        """Return the ids of the messages that are visible after so many seconds."""
        instant = self.clock.now() + seconds
        return [message.message_id for message in self.queues[queue] if message.visible_at <= instant]

    def calls_of(self, operation: str) -> list[object]:
        """Return the arguments of the calls of an operation."""
        return [arguments for name, arguments in self.calls if name == operation]

    def with_timeout(self, seconds: float) -> "FakeSmq":
        self.calls.append(("with_timeout", seconds))
        return self

    def receive(self, queue: str, count: int = 16, wait_seconds: int = 0) -> tuple[Received, ...]:
        self._call("receive", queue)
        visible = [each for each in self.queues.setdefault(queue, []) if each.visible_at <= self.clock.now()][:count]
        if not visible:
            self.clock.instant += wait_seconds
        until = self.clock.now() + HIDDEN_SECONDS
        return tuple(Received(each.message_id, each.body, each.hide(until), 0) for each in visible)

    def change_visibility(self, queue: str, receipt_handle: str, seconds: int) -> str:
        self._call("change_visibility", (receipt_handle, seconds))
        return self._held(queue, receipt_handle).hide(self.clock.now() + seconds)

    def delete(self, queue: str, receipt_handles: Sequence[str]) -> None:
        self._call("delete", tuple(receipt_handles))
        deleted = [self._held(queue, handle) for handle in receipt_handles]
        self.queues[queue] = [each for each in self.queues[queue] if each not in deleted]

    def send(self, queue: str, bodies: Sequence[str], delay_seconds: int = 0) -> tuple[str, ...]:
        self._call("send", (queue, tuple(bodies), delay_seconds))
        self.put(queue, *bodies)
        return tuple("sent" for _ in bodies)

    def _call(self, operation: str, arguments: object) -> None:
        self.calls.append((operation, arguments))
        self.clock.instant += self.call_seconds
        pending = self.errors.get(operation, [])
        error = pending.pop(0) if pending else None
        if error is not None:
            raise error

    def _held(self, queue: str, handle: str) -> QueuedMessage:
        found = [each for each in self.queues[queue] if each.handle == handle and each.visible_at > self.clock.now()]
        if not found:
            raise SmqError("MessageNotExist", transient=False)
        return found[0]
