"""The stacks of one account and region, and what may be done to which. Knows no HTTP and no signature.

A stack takes some steps of its course each time somebody looks at it, so that time passes by being watched. Reproduces
names that are unique among the stacks that are there, updates that change nothing, work in progress, parameters that
stay as they are (UsePreviousParameters). Unknown, and so chosen: a deleted stack goes on being listed and shown.
"""

import itertools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from express_sync.local.account import Account
from express_sync.local.sgw.errors import Refusal
from express_sync.local.template.parser import TemplateError, parse
from express_sync.local.template.resolver import Stack as Values
from tests.doubles.ros import errors
from tests.doubles.ros.lifecycle import Course, Failure, Version

STEPS_PER_LOOK = 20
_NOT_UPDATABLE = ("CREATE_FAILED", "CREATE_ROLLBACK_COMPLETE", "CREATE_ROLLBACK_FAILED", "DELETE_FAILED")
Fields = Mapping[str, Any]


@dataclass(slots=True)
class Stack:
    """A stack: its id, its course and its events, oldest first."""

    id: str
    course: Course
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

    def find(self, key: str) -> Stack | Refusal:
        """The stack of that id."""
        return next((stack for stack in self.stacks if stack.id == key), errors.not_found(key))

    def create(self, name: str, template: str, given: Mapping[str, str]) -> Stack | Refusal:
        """Begin to create a stack."""
        if any(stack.course.name == name and stack.course.state != "DELETE_COMPLETE" for stack in self.stacks):
            return errors.exists(name)
        version = self.version(template, given)
        if isinstance(version, Refusal):
            return version
        events: list[Fields] = []
        stack = Stack(str(uuid.uuid4()), Course(name, version, self._noting(events)), events)
        self.stacks.append(stack)
        stack.course.create(self.failures.pop("CreateStack", None))
        return stack

    def update(self, stack: Stack, template: str, given: Mapping[str, str], *, keeps: bool) -> Stack | Refusal:
        """Begin to update a stack; with `keeps`, parameters that are not given stay as they are."""
        course = stack.course
        if course.is_busy:
            return errors.in_progress(course.name, course.state.partition("_")[0])
        if course.state in _NOT_UPDATABLE:
            return errors.not_supported(course.name, course.state)
        former = {name: str(value) for name, value in course.version.parameters.items()} if keeps else {}
        version = self.version(template, {**former, **given})
        if isinstance(version, Refusal):
            return version
        if (version.template, version.parameters) == (course.version.template, course.version.parameters):
            return errors.unchanged()
        course.update(version, self.failures.pop("UpdateStack", None))
        return stack

    def delete(self, stack: Stack) -> Stack | Refusal:
        """Begin to delete a stack."""
        stack.course.delete(self.failures.pop("DeleteStack", None))
        return stack

    def version(self, template: str, given: Mapping[str, str]) -> Version | Refusal:
        """What a template is with these parameters."""
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
            return errors.invalid(str(error))
        if unknown := sorted(given.keys() - declared.keys()):
            return errors.invalid(f"The Parameter ({unknown[0]}) was not defined in template.")
        texts = {name: str(value) for name, value in parameters.items()}
        return Version(template, texts, resources, _outputs(values, document))

    def _noting(self, events: list[Fields]) -> Callable[[str, str, str, str], None]:
        def note(name: str, kind: str, state: str, reason: str) -> None:
            time = datetime.fromtimestamp(self._now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
            event = {"EventId": f"event-{next(self._numbers)}", "CreateTime": time, "LogicalResourceId": name}
            events.append({**event, "ResourceType": kind, "Status": state, "StatusReason": reason})

        return note


def _outputs(values: Values, document: Fields) -> dict[str, Any]:
    """The outputs; those whose condition does not hold, or that need what only the cloud knows, are left out."""
    declared = (document.get("Outputs") or {}).items()
    known = {name: _known(values, each["Value"], name) for name, each in declared if _is_wanted(values, each, name)}
    return {name: value for name, value in known.items() if value is not None}


def _is_wanted(values: Values, declared: Fields, name: str) -> bool:
    """Whether a resource or an output has no condition, or one that holds."""
    return "Condition" not in declared or values.condition(declared["Condition"], name)


def _known(values: Values, value: Any, name: str) -> Any:
    try:
        return values.resolve(value, f"Outputs.{name}")
    except TemplateError:
        return None
