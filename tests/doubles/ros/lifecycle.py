"""One stack and the course of what is done to it: step by step, one resource after the other.

Reproduces: the states of stack and resources, events with reasons, the rollback of a failed creation (which deletes)
and of a failed update (which brings the former version back). Does not reproduce: the order of dependencies, parallel
work, stack policies, drift, time-outs; nothing real is made. Believed: the very names of the rollback states, and that
an update touches every resource. Knows no clock: whoever advances it decides when a step is done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Version:
    """What a stack is made of: the template's text, its parameters' values, resources (name to type) and outputs."""

    template: str
    parameters: Mapping[str, Any]
    resources: Mapping[str, str]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """That a resource will fail, why, and the state in which that ends for good; "" for the usual rollback."""

    resource: str
    reason: str
    ends: str = ""


@dataclass(slots=True)
class Course:
    """A stack; `note` is told of every change of a state: logical name, type, state and reason."""

    name: str
    version: Version
    note: Callable[[str, str, str, str], None]
    state: str = ""
    reason: str = ""
    resources: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _steps: Iterator[None] = field(default_factory=lambda: iter(()))

    @property
    def is_busy(self) -> bool:
        """Whether something is being done to it."""
        return self.state.endswith("_IN_PROGRESS")

    def create(self, failure: Failure | None) -> None:
        """Begin to create it."""
        self._begin("CREATE_IN_PROGRESS", self._creating(failure))

    def update(self, version: Version, failure: Failure | None) -> None:
        """Begin to make it another version."""
        former, self.version = self.version, version
        self._begin("UPDATE_IN_PROGRESS", self._updating(former, failure))

    def delete(self, failure: Failure | None) -> None:
        """Begin to delete it."""
        self._begin("DELETE_IN_PROGRESS", self._deleting(failure))

    def advance(self, steps: int) -> None:
        """Take so many steps of what is being done."""
        for _ in range(steps):
            next(self._steps, None)

    def _begin(self, state: str, steps: Iterator[None]) -> None:
        self._enter(state)
        self._steps = steps

    def _creating(self, failure: Failure | None) -> Iterator[None]:
        for name in self.version.resources:
            yield from self._work(name, "CREATE", failure)
            if failure and failure.resource == name:
                yield from self._undo("CREATE_ROLLBACK", failure, tuple(self.resources))
                return
        self._enter("CREATE_COMPLETE")

    def _updating(self, former: Version, failure: Failure | None) -> Iterator[None]:
        for name in self.version.resources:
            yield from self._work(name, "UPDATE", failure)
            if failure and failure.resource == name:
                self.version = former
                yield from self._undo("ROLLBACK", failure, ())
                return
        self._enter("UPDATE_COMPLETE")

    def _undo(self, action: str, failure: Failure, deleted: Sequence[str]) -> Iterator[None]:
        if failure.ends:
            self._enter(failure.ends, f"Resource {failure.resource} failed: {failure.reason}")
            return
        self._enter(f"{action}_IN_PROGRESS", f"Resource {failure.resource} failed: {failure.reason}")
        for name in reversed(deleted):
            yield from self._work(name, "DELETE", None)
        self._enter(f"{action}_COMPLETE", f"Resource {failure.resource} failed: {failure.reason}")

    def _deleting(self, failure: Failure | None) -> Iterator[None]:
        for name in reversed(tuple(self.resources)):
            yield from self._work(name, "DELETE", failure)
            if failure and failure.resource == name:
                self._enter("DELETE_FAILED", f"Resource {name} failed: {failure.reason}")
                return
        self._enter("DELETE_COMPLETE")

    def _work(self, name: str, action: str, failure: Failure | None) -> Iterator[None]:
        kind = self.version.resources.get(name) or self.resources[name][0]
        self._change(name, kind, f"{action}_IN_PROGRESS", "state changed")
        yield
        if failure and failure.resource == name:
            self._change(name, kind, f"{action}_FAILED", failure.reason)
        else:
            self._change(name, kind, f"{action}_COMPLETE", "state changed")

    def _change(self, name: str, kind: str, state: str, reason: str) -> None:
        self.resources[name] = (kind, state, reason)
        self.note(name, kind, state, reason)

    def _enter(self, state: str, reason: str = "") -> None:
        self.state, self.reason = state, reason or f"Stack {state.replace('_', ' ').lower()}"
        self.note(self.name, "ALIYUN::ROS::Stack", self.state, self.reason)
