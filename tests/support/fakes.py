"""Scripted collaborators of the function's core: the API, MNS, and a log that keeps its entries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from handler.model import Answer, LookupResult, ProvisionRequest
from handler.outcome import Outcome
from handler.provisioning.retry import ApiCall
from handler.smq.client import SmqError
from tests.support.clock import ManualClock

Result = TypeVar("Result")


@dataclass
class ScriptedService:
    """An API that answers from two scripts and records its calls; a call beyond the script is an error."""

    clock: ManualClock
    answers: Iterator[Answer]
    lookups: Iterator[LookupResult]
    call_seconds: float = 0.0
    created: list[ProvisionRequest] = field(default_factory=list)
    looked_up: list[str | None] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        self.created.append(request)
        return self._after(timeout_seconds, self.answers)

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        self.looked_up.append(bucket_name)
        return self._after(timeout_seconds, self.lookups)

    def _after(self, timeout_seconds: float, script: Iterator[Result]) -> Result:
        self.timeouts.append(timeout_seconds)
        self.clock.instant += min(self.call_seconds, timeout_seconds)
        result = next(script, None)
        assert result is not None, "a call beyond the script"
        return result


def scripted(
    clock: ManualClock, answers: Iterable[Answer] = (), lookups: Iterable[LookupResult] = (), call_seconds: float = 0.0
) -> ScriptedService:
    """Return a service that gives `answers` to create calls and `lookups` to lookups, each after `call_seconds`."""
    return ScriptedService(clock, iter(answers), iter(lookups), call_seconds)


@dataclass
class RecordingLog:
    """The log of one delivery as (event, detail) pairs, in order."""

    entries: list[tuple[str, Any]] = field(default_factory=list)
    not_accepted: list[Outcome] = field(default_factory=list)

    def call(self, call: ApiCall) -> None:
        self.entries.append(("call", call))

    def published(self, outcome: Outcome) -> None:
        self.entries.append(("published", outcome))

    def not_settled(self, outcome: Outcome, code: str) -> None:
        self.entries.append(("not_settled", code))
        self.not_accepted.append(outcome)

    def not_published(self, outcome: Outcome, code: str) -> None:
        self.entries.append(("not_published", code))
        self.not_accepted.append(outcome)

    def crashed(self, fault: Exception) -> None:
        self.entries.append(("crashed", type(fault).__name__))

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.entries]


@dataclass
class ScriptedSmq:
    """A topic and a queue that fail as the script says and then accept; records what they are given."""

    failures: Iterator[SmqError]
    timeouts: list[float] = field(default_factory=list)
    published: list[tuple[str, str, str]] = field(default_factory=list)
    sent: list[tuple[str, list[str], int]] = field(default_factory=list)

    def with_timeout(self, seconds: float) -> "ScriptedSmq":
        self.timeouts.append(seconds)
        return self

    def publish(self, topic: str, body: str, tag: str) -> str:
        self.published.append((topic, body, tag))
        return self._accepted()

    def send(self, queue: str, bodies: list[str], delay_seconds: int = 0) -> tuple[str, ...]:
        self.sent.append((queue, bodies, delay_seconds))
        return (self._accepted(),)

    def _accepted(self) -> str:
        failure = next(self.failures, None)
        if failure is not None:
            raise failure
        return "M-1"
