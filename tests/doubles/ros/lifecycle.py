"""The lifecycle of one stack: actions that are done step by step, one resource after the other.

Reproduces: the states of stack and resources, events with reasons, the rollback of a failed creation (which deletes)
and of a failed update (which brings the former version back). Does not reproduce: the order of dependencies, parallel
work, stack policies, drift, timeouts; no resources are created. Believed: the names of the rollback states, and that
an update changes every resource.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Version:
    """The template's text, the values of its parameters, its resources (name to type) and outputs."""

    template: str
    parameters: Mapping[str, Any]
    resources: Mapping[str, str]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """A resource that will fail, the reason, and the final state of the stack, "" for the usual rollback."""

    resource: str
    reason: str
    ends: str = ""


@dataclass(slots=True)
class Lifecycle:
    """The state of a stack; `record` is called for every change: logical name, type, state and reason."""

    name: str
    version: Version
    record: Callable[[str, str, str, str], None]
    state: str = ""
    reason: str = ""
    resources: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _steps: Iterator[None] = field(default_factory=lambda: iter(()))

    @property
    def is_busy(self) -> bool:
        """Tell whether an action is in progress."""
        return self.state.endswith("_IN_PROGRESS")

    def create(self, failure: Failure | None) -> None:
        """Begin to create the stack."""
        self._begin("CREATE_IN_PROGRESS", self._creating(failure))

    def update(self, version: Version, failure: Failure | None) -> None:
        """Begin to update the stack to `version`."""
        former, self.version = self.version, version
        self._begin("UPDATE_IN_PROGRESS", self._updating(former, failure))

    def delete(self, failure: Failure | None) -> None:
        """Begin to delete the stack."""
        self._begin("DELETE_IN_PROGRESS", self._deleting(failure))

    def advance(self, steps: int) -> None:
        """Advance the action in progress by `steps`."""
        for _ in range(steps):
            next(self._steps, None)

    def _begin(self, state: str, steps: Iterator[None]) -> None:
        self._enter(state)
        self._steps = steps

    def _creating(self, failure: Failure | None) -> Iterator[None]:
        for name in self.version.resources:
            yield from self._change_resource(name, "CREATE", failure)
            if failure and failure.resource == name:
                yield from self._undo("CREATE_ROLLBACK", failure, tuple(self.resources))
                return
        self._enter("CREATE_COMPLETE")

    def _updating(self, former: Version, failure: Failure | None) -> Iterator[None]:
        for name in self.version.resources:
            yield from self._change_resource(name, "UPDATE", failure)
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
            yield from self._change_resource(name, "DELETE", None)
        self._enter(f"{action}_COMPLETE", f"Resource {failure.resource} failed: {failure.reason}")

    def _deleting(self, failure: Failure | None) -> Iterator[None]:
        for name in reversed(tuple(self.resources)):
            yield from self._change_resource(name, "DELETE", failure)
            if failure and failure.resource == name:
                self._enter("DELETE_FAILED", f"Resource {name} failed: {failure.reason}")
                return
        self._enter("DELETE_COMPLETE")

    def _change_resource(self, name: str, action: str, failure: Failure | None) -> Iterator[None]:
        kind = self.version.resources.get(name) or self.resources[name][0]
        self._change(name, kind, f"{action}_IN_PROGRESS", "state changed")
        yield
        if failure and failure.resource == name:
            self._change(name, kind, f"{action}_FAILED", failure.reason)
        else:
            self._change(name, kind, f"{action}_COMPLETE", "state changed")

    def _change(self, name: str, kind: str, state: str, reason: str) -> None:
        self.resources[name] = (kind, state, reason)
        self.record(name, kind, state, reason)

    def _enter(self, state: str, reason: str = "") -> None:
        self.state, self.reason = state, reason or f"Stack {state.replace('_', ' ').lower()}"
        self.record(self.name, "ALIYUN::ROS::Stack", self.state, self.reason)
