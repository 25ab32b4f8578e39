"""Waiting for a stack: asked again and again, more and more slowly, every event told once.

Must not know why one waits, or how an event is shown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from express_sync.ops.deployment.errors import RefusedError
from express_sync.ops.deployment.stack import Event, Stack

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0


class Source(Protocol):
    """Who knows the stack."""

    def get(self, stack_id: str) -> Stack | None:
        """The stack as it is now, None if it is gone."""

    def events(self, stack_id: str) -> tuple[Event, ...]:
        """Its latest events, oldest first."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds on `clock`, and how to: `sleep` takes seconds."""

    seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], object]

    def pauses(self) -> Iterator[None]:
        """Wait between two looks, twice as long each time; end when time is up."""
        until, pause = self.clock() + self.seconds, FIRST_PAUSE_SECONDS
        while (left := until - self.clock()) > 0:
            yield
            self.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


@dataclass(slots=True)
class Watch:
    """One wait; `failures` are the events that tell why a resource failed, oldest first."""

    source: Source
    stack_id: str
    tell: Callable[[Event], None]
    told: set[str] = field(default_factory=set)
    failures: list[Event] = field(default_factory=list)

    @classmethod
    def begin(cls, source: Source, stack_id: str, tell: Callable[[Event], None]) -> "Watch":
        """Know what has happened to a stack so far, which is not told."""
        return cls(source, stack_id, tell, {event.id for event in source.events(stack_id)})

    def until_settled(self, patience: Patience) -> Stack | None:
        """The stack when nobody works on it any more, None if it is gone. TimeoutError if time runs out first.

        A service that is away for a while is waited for; any other refusal is raised.
        """
        for _ in patience.pauses():
            try:
                stack = self.source.get(self.stack_id)
                if stack is not None:
                    self._tell_news()
            except RefusedError as refused:
                if not refused.may_pass:
                    raise
                continue
            if stack is None or stack.standing != "busy":
                return stack if stack is None or stack.standing != "gone" else None
        raise TimeoutError

    def _tell_news(self) -> None:
        for event in self.source.events(self.stack_id):
            if event.id in self.told:
                continue
            self.told.add(event.id)
            self.tell(event)
            if event.state.endswith("_FAILED"):
                self.failures.append(event)
