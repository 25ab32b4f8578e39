"""An SMQ whose queues are lists: messages hide for a time of the pretended clock, and calls fail when told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from handler.credentials import Credentials
from handler.smq.client import Received, SmqError
from tests.handler.unit.fakes import FakeClock

HIDDEN_SECONDS = 60.0


@dataclass
class Lying:
    """One message: hidden until an instant; each time it is hidden its receipt handle is a new one."""

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
    """`trouble` holds for each operation the errors of its next calls, None where one succeeds."""

    clock: FakeClock
    queues: dict[str, list[Lying]] = field(default_factory=dict)
    trouble: dict[str, list[SmqError | None]] = field(default_factory=dict)
    calls: list[tuple[str, object]] = field(default_factory=list)
    call_seconds: float = 0.0
    credentials: ClassVar = Credentials("key", "secret")

    def put(self, queue: str, *bodies: str) -> None:
        """Lay messages into a queue; they are called M-0, M-1 and so on."""
        lying = self.queues.setdefault(queue, [])
        lying.extend([Lying(f"M-{number}", body) for number, body in enumerate(bodies, len(lying))])

    def fails(self, operation: str, *errors: SmqError | None) -> None:
        """Let the next calls of an operation fail so."""
        self.trouble[operation] = list(errors)

    def left_in(self, queue: str) -> list[str]:
        """The ids of the messages in a queue."""
        return [message.message_id for message in self.queues[queue]]

    def visible_in(self, queue: str, seconds: float) -> list[str]:
        """The ids of those that are visible after so many seconds."""
        instant = self.clock.now() + seconds
        return [message.message_id for message in self.queues[queue] if message.visible_at <= instant]

    def of(self, operation: str) -> list[object]:
        """What the calls of an operation were about."""
        return [about for name, about in self.calls if name == operation]

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
        doomed = [self._held(queue, handle) for handle in receipt_handles]
        self.queues[queue] = [each for each in self.queues[queue] if each not in doomed]

    def send(self, queue: str, bodies: Sequence[str], delay_seconds: int = 0) -> tuple[str, ...]:
        self._call("send", (queue, tuple(bodies), delay_seconds))
        self.put(queue, *bodies)
        return tuple("sent" for _ in bodies)

    def _call(self, operation: str, about: object) -> None:
        self.calls.append((operation, about))
        self.clock.instant += self.call_seconds
        errors = self.trouble.get(operation, [])
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error

    def _held(self, queue: str, handle: str) -> Lying:
        found = [each for each in self.queues[queue] if each.handle == handle and each.visible_at > self.clock.now()]
        if not found:
            raise SmqError("MessageNotExist", transient=False)
        return found[0]
