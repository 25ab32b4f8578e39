"""The stacks of one account and region, and the actions that their states allow.

GetStack advances a stack by some steps; no time passes otherwise. Reproduces names that are unique among existing
stacks, updates that change nothing, actions in progress, parameters that are kept (UsePreviousParameters). Unknown, and
so chosen: a deleted stack continues to be listed and shown.
"""

import itertools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from express_sync.local.account import Account
from express_sync.local.template.parser import TemplateError, parse
from express_sync.local.template.resolver import Stack as Values
from tests.doubles.ros import errors
from tests.doubles.ros.lifecycle import Failure, Lifecycle, Version

STEPS_PER_LOOK = 20
_NOT_UPDATABLE = ("CREATE_FAILED", "CREATE_ROLLBACK_COMPLETE", "CREATE_ROLLBACK_FAILED", "DELETE_FAILED")
Fields = Mapping[str, Any]


@dataclass(slots=True)
class Stack:
    """A stack: its id, its lifecycle and its events, oldest first."""

    id: str
    lifecycle: Lifecycle
    events: list[Fields]


class StackService:
    """All stacks of `account`; `now` gives the time of events in seconds since the epoch."""

    def __init__(self, account: Account, now: Callable[[], float]) -> None:
        self.account = account
        self.steps_per_look = STEPS_PER_LOOK
        self.failures: dict[str, Failure] = {}
        self.stacks: list[Stack] = []
        self._now = now
        self._numbers = itertools.count(1)

    def find(self, key: str) -> Stack:
        """Return the stack of that id. ApiError."""
        for stack in self.stacks:
            if stack.id == key:
                return stack
        raise errors.not_found(key)

    def create(self, name: str, template: str, given: Mapping[str, str]) -> Stack:
        """Begin to create a stack. ApiError."""
        if any(stack.lifecycle.name == name and stack.lifecycle.state != "DELETE_COMPLETE" for stack in self.stacks):
            raise errors.exists(name)
        version = self.version(template, given)
        events: list[Fields] = []
        stack = Stack(str(uuid.uuid4()), Lifecycle(name, version, self._recorder(events)), events)
        self.stacks.append(stack)
        stack.lifecycle.create(self.failures.pop("CreateStack", None))
        return stack

    def update(self, stack: Stack, template: str, given: Mapping[str, str], *, keeps: bool) -> None:
        """Begin to update a stack; with `keeps`, parameters that are not given are kept. ApiError."""
        lifecycle = stack.lifecycle
        if lifecycle.is_busy:
            raise errors.in_progress(lifecycle.name, lifecycle.state.partition("_")[0])
        if lifecycle.state in _NOT_UPDATABLE:
            raise errors.not_supported(lifecycle.name, lifecycle.state)
        former = {name: str(value) for name, value in lifecycle.version.parameters.items()} if keeps else {}
        version = self.version(template, {**former, **given})
        if (version.template, version.parameters) == (lifecycle.version.template, lifecycle.version.parameters):
            raise errors.unchanged()
        lifecycle.update(version, self.failures.pop("UpdateStack", None))

    def delete(self, stack: Stack) -> None:
        """Begin to delete a stack."""
        stack.lifecycle.delete(self.failures.pop("DeleteStack", None))

    def version(self, template: str, given: Mapping[str, str]) -> Version:
        """Return the version of a template with these parameters. ApiError."""
        try:
            document = parse(template)
            declared = document.get("Parameters") or {}
            values = Values(document, self.account, {name: value for name, value in given.items() if name in declared})
            parameters = {name: values.reference(name, name) for name in declared}
            resources = {
                name: str(each["Type"])
                for name, each in document["Resources"].items()
                if _is_wanted(values, each, name)
            }
        except TemplateError as error:
            raise errors.invalid(str(error)) from error
        if unknown := sorted(given.keys() - declared.keys()):
            raise errors.invalid(f"The Parameter ({unknown[0]}) was not defined in template.")
        texts = {name: str(value) for name, value in parameters.items()}
        return Version(template, texts, resources, _outputs(values, document))

    def _recorder(self, events: list[Fields]) -> Callable[[str, str, str, str], None]:
        def record(name: str, kind: str, state: str, reason: str) -> None:
            time = datetime.fromtimestamp(self._now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
            event = {"EventId": f"event-{next(self._numbers)}", "CreateTime": time, "LogicalResourceId": name}
            events.append({**event, "ResourceType": kind, "Status": state, "StatusReason": reason})

        return record


def _outputs(values: Values, document: Fields) -> dict[str, Any]:
    """Return the outputs, except those whose condition is false or whose value only the cloud has."""
    declared = (document.get("Outputs") or {}).items()
    known = {name: _known(values, each["Value"], name) for name, each in declared if _is_wanted(values, each, name)}
    return {name: value for name, value in known.items() if value is not None}


def _is_wanted(values: Values, declared: Fields, name: str) -> bool:
    """Tell whether a resource or an output has no condition, or a true one."""
    return "Condition" not in declared or values.condition(declared["Condition"], name)


def _known(values: Values, value: Any, name: str) -> Any:
    try:
        return values.resolve(value, f"Outputs.{name}")
    except TemplateError:
        return None
