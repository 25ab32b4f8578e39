"""Waits for a stack: polls at growing intervals and reports every event once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from express_sync.ops.deployment.errors import ServiceError
from express_sync.ops.deployment.stack import Event, Stack

MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.1, 5.0


class StackReader(Protocol):
    """Reads the state and the events of a stack."""

    def get(self, stack_id: str) -> Stack | None:
        """Return the stack as it is now, None if it was deleted."""

    def events(self, stack_id: str) -> tuple[Event, ...]:
        """Return its latest events, oldest first."""


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """The time limit in seconds, and the clock and `sleep` to wait with."""

    seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], object]

    def pauses(self) -> Iterator[None]:
        """Sleep between two polls, each time twice as long, until the time limit."""
        until, pause = self.clock() + self.seconds, MIN_PAUSE_SECONDS
        while (left := until - self.clock()) > 0:
            yield
            self.sleep(min(pause, left))
            pause = min(2 * pause, MAX_PAUSE_SECONDS)


@dataclass(slots=True)
class StackWaiter:
    """Waits for one stack; `failures` are the events with the reasons of failed resources, oldest first."""

    reader: StackReader
    stack_id: str
    on_event: Callable[[Event], None]
    reported: set[str] = field(default_factory=set)
    failures: list[Event] = field(default_factory=list)

    @classmethod
    def for_existing(cls, reader: StackReader, stack_id: str, on_event: Callable[[Event], None]) -> "StackWaiter":
        """Return a waiter that does not report the previous events of the stack."""
        return cls(reader, stack_id, on_event, {event.id for event in reader.events(stack_id)})

    def wait(self, policy: PollPolicy) -> Stack | None:
        """Return the stack when its operation has ended, None if it was deleted. Raise TimeoutError after the limit.

        Transient errors are retried; others are raised.
        """
        for _ in policy.pauses():
            try:
                stack = self._current()
            except ServiceError as error:
                if not error.is_transient:
                    raise
                continue
            if stack is None or stack.health != "in_progress":
                return stack
        raise TimeoutError

    def _current(self) -> Stack | None:
        """Return the stack as it is now, None if it was deleted, and report its new events."""
        stack = self.reader.get(self.stack_id)
        if stack is None:
            return None
        self._report_new_events()
        return None if stack.health == "deleted" else stack

    def _report_new_events(self) -> None:
        for event in self.reader.events(self.stack_id):
            if event.id in self.reported:
                continue
            self.reported.add(event.id)
            self.on_event(event)
            if event.state.endswith("_FAILED"):
                self.failures.append(event)
