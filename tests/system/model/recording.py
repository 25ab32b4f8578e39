"""Recordings of the pipeline: what it does after each sequence of replies, run once and repeated from then on.

A delivery depends on its messages and on the replies to its calls alone. Many schedules differ in what became of a call
and not in its reply: in all of them the pipeline does the same, and only the cloud differs.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handler.model import Answer, LookupResult, ProvisionRequest
from handler.smq.client import SmqError
from tests.system.model.cloud import ScheduledCloud
from tests.system.model.state import Copy


class Operation(NamedTuple):
    """A method of the cloud, and its arguments."""

    name: str
    arguments: tuple[Any, ...]

    def do(self, cloud: ScheduledCloud) -> Any:
        """Return what the cloud returns."""
        return getattr(cloud, self.name)(*self.arguments)


class Heard(NamedTuple):
    """The result of a call as the pipeline sees it: when it came, and the value or the error of topic or queue."""

    at_seconds: float
    value: Any = None
    error: tuple[str, bool] | None = None

    @classmethod
    def to(cls, call: Operation, cloud: ScheduledCloud) -> "Heard":
        """Make the call and return what the pipeline hears."""
        try:
            value = call.do(cloud)
        except SmqError as error:
            return cls(cloud.now(), error=(error.code, error.transient))
        return cls(cloud.now(), value)


@dataclass(slots=True)
class Passage:
    """What the pipeline does from one reply to the next: operations that need no reply, and a call or else the result.

    `values`: what it has read meanwhile. `is_known`: the pipeline has got to the end of the passage before.
    """

    is_known: bool = False
    operations: list[Operation] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    call: Operation | None = None
    result: bool = False
    following: dict[Heard, "Passage"] = field(default_factory=dict)

    def after(self, reply: Heard) -> "Passage":
        """Return the passage that follows the reply."""
        return self.following.setdefault(reply, Passage())


class Recordings:
    """The recordings of one kind of pipeline, by what was delivered."""

    def __init__(self) -> None:
        self._first: dict[Hashable, Passage] = {}

    def play(self, delivered: Hashable, cloud: ScheduledCloud, run: Callable[["Recorder"], bool]) -> bool:
        """Do to the cloud what the pipeline does, and return its result; `run` runs it where that is not known."""
        passage = self._first.setdefault(delivered, Passage())
        past: list[float | Heard] = []
        while passage.is_known:
            for operation in passage.operations:
                operation.do(cloud)
            if passage.call is None:
                return passage.result
            reply = Heard.to(passage.call, cloud)
            past += [*passage.values, reply]
            passage = passage.after(reply)
        recorder = Recorder(cloud, passage, past)
        return recorder.ended(result=run(recorder))


class Recorder:
    """The cloud as the pipeline sees it: it repeats the past without the cloud, and then records.

    Everything is recorded that the pipeline may do to a `ScheduledCloud`.
    """

    def __init__(self, cloud: ScheduledCloud, passage: Passage, past: Sequence[float | Heard]) -> None:
        passage.operations.clear()  # a run that an error has ended may have left some
        passage.values.clear()
        self._cloud = cloud
        self._passage = passage
        self._past: list[Any] = list(reversed(past))

    def ended(self, *, result: bool) -> bool:
        """Record the end of the pipeline, and return its result."""
        self._passage.result = result
        self._passage.is_known = True
        return result

    def begin(self, copy: Copy) -> None:
        self._do(Operation("begin", (copy,)))

    def sleep(self, seconds: float) -> None:
        self._do(Operation("sleep", (seconds,)))

    def with_timeout(self, seconds: float) -> "Recorder":
        self._do(Operation("with_timeout", (seconds,)))
        return self

    def note_refusal(self, submission: str) -> None:
        self._do(Operation("note_refusal", (submission,)))

    def now(self) -> float:
        return self._read(Operation("now", ()))

    def uniform(self, low: float, high: float) -> float:
        return self._read(Operation("uniform", (low, high)))

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        answer: Answer = self._call(Operation("create", (request, timeout_seconds)))
        return answer

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        found: LookupResult = self._call(Operation("describe", (bucket_name, timeout_seconds)))
        return found

    def publish(self, topic: str, body: str, tag: str) -> str:
        return str(self._call(Operation("publish", (topic, body, tag))))

    def send(self, queue: str, bodies: Sequence[str], delay_seconds: int = 0) -> tuple[str, ...]:
        ids: tuple[str, ...] = self._call(Operation("send", (queue, tuple(bodies), delay_seconds)))
        return ids

    def _do(self, operation: Operation) -> None:
        if not self._past:
            self._passage.operations.append(operation)
            operation.do(self._cloud)

    def _read(self, operation: Operation) -> float:
        value: float
        if self._past:
            value = self._past.pop()
            return value
        value = operation.do(self._cloud)
        self._passage.values.append(value)
        if operation.name != "now":
            self._passage.operations.append(operation)
        return value

    def _call(self, call: Operation) -> Any:
        if self._past:
            reply = self._past.pop()
        else:
            self._passage.call, self._passage.is_known = call, True
            reply = Heard.to(call, self._cloud)
            self._passage = self._passage.after(reply)
        if reply.error:
            code, transient = reply.error
            raise SmqError(code, transient=transient)
        return reply.value
