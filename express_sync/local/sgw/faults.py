"""What can be made to go wrong, as a table, and the queue of what shall. Knows no HTTP and carries nothing out.

A fault says two things: whether the call is executed (`now`, `later`, `never`, or now with a `normalised` prefix, which
has no slashes at its ends; always with all real checks, so that a taken name is not created by any of them) and what
goes over the wire.
Chosen: a `malformed-200` and a `success-false` did nothing; a `trickle` did what was asked.
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

from express_sync.local.sgw.errors import DOCUMENTED, GATEWAY, REFUSALS, Refusal

Execution = Literal["now", "normalised", "later", "never"]
Distortion = Literal["bad gateway", "forbidden", "empty", "unsuccessful", "malformed"]


class InXml(NamedTuple):
    """A refusal that is written in XML, whatever format the call asked for."""

    refusal: Refusal


class ComeAgain(NamedTuple):
    """A refusal that says in `Retry-After` when to come again."""

    refusal: Refusal


Wire = Literal["answer", "hints", "trickle", "reset", "silence"] | Distortion | Refusal | InXml | ComeAgain


class _Kind(NamedTuple):
    execution: Execution
    wire: Wire
    argument: Literal["none", "optional", "required"] = "none"
    argument_unit: str = ""


_KINDS: dict[str, _Kind] = {
    **{code: _Kind("never", refusal) for code, refusal in REFUSALS.items()},
    "throttling": _Kind("never", GATEWAY["Throttling.User"], "optional", "MILLISECONDS"),
    "unavailable": _Kind("never", GATEWAY["ServiceUnavailable"]),
    "retry-after": _Kind("never", ComeAgain(GATEWAY["Throttling.User"]), "required", "SECONDS"),
    "xml-error": _Kind("never", "answer", "required", "CODE"),
    "http-403-html": _Kind("never", "forbidden"),
    "http-502-html": _Kind("never", "bad gateway"),
    "empty-500": _Kind("never", "empty"),
    "success-false": _Kind("never", "unsuccessful"),
    "malformed-200": _Kind("never", "malformed"),
    "reset-before": _Kind("never", "reset"),
    "reset-after": _Kind("now", "reset"),
    "timeout-before": _Kind("never", "silence"),
    "timeout-after": _Kind("now", "silence"),
    "error-after": _Kind("now", DOCUMENTED["InternalError"]),
    "early-hints": _Kind("now", "hints"),
    "normalised": _Kind("normalised", "answer"),
    "trickle": _Kind("now", "trickle"),
    "late-commit": _Kind("later", "silence", "required", "SECONDS"),
    "late-500": _Kind("later", DOCUMENTED["InternalError"], "required", "SECONDS"),
    "slow": _Kind("now", "answer", "required", "MILLISECONDS"),
}
_SECONDS = {"MILLISECONDS": 0.001, "SECONDS": 1.0}
_FAULT = re.compile(r"(?P<name>[A-Za-z0-9.-]+)(?::(?P<argument>[A-Za-z0-9.]+))?")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One deviation of one call; `delay_s` is how long it waits, or asks its client to wait."""

    text: str
    execution: Execution
    wire: Wire
    delay_s: float


NO_FAULT = Fault("", "now", "answer", 0.0)


def parse(text: str) -> Fault:
    """Read a fault as people write it, as `late-commit:2.5`. ValueError, naming all there are, if it is none."""
    match = _FAULT.fullmatch(text)
    kind = _KINDS.get(match["name"]) if match else None
    if match is None or kind is None or not _fits(kind, match["argument"]):
        raise ValueError(f"{text!r} is no fault; allowed are {', '.join(_allowed())}")
    if kind.argument_unit == "CODE":
        return Fault(text, kind.execution, InXml(REFUSALS[match["argument"]]), 0.0)
    return Fault(text, kind.execution, kind.wire, float(match["argument"] or 0) * _SECONDS.get(kind.argument_unit, 0.0))


def _fits(kind: _Kind, argument: str | None) -> bool:
    if argument is None:
        return kind.argument != "required"
    if kind.argument_unit == "CODE":
        return argument in REFUSALS
    return kind.argument != "none" and _NUMBER.fullmatch(argument) is not None


def _allowed() -> Iterable[str]:
    forms = {"none": "{0}", "optional": "{0}[:{1}]", "required": "{0}:{1}"}
    return (forms[kind.argument].format(name, kind.argument_unit) for name, kind in _KINDS.items())


class _Rule(NamedTuple):
    operation: str
    name_glob: str
    faults: deque[Fault]


class FaultQueue:
    """Faults in the order in which they were queued; each strikes one matching call."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def queue(self, operation: str, name_glob: str, faults: Iterable[Fault]) -> None:
        """Let `faults` strike the coming calls of `operation` for groups whose name matches `name_glob`."""
        self._rules.append(_Rule(operation, name_glob, deque(faults)))

    def take(self, operation: str, name: str) -> Fault:
        """Take the fault that strikes this call, `NO_FAULT` if none does."""
        for rule in self._rules:
            if rule.operation == operation and fnmatchcase(name, rule.name_glob):
                fault = rule.faults.popleft()
                self._rules = [rule for rule in self._rules if rule.faults]
                return fault
        return NO_FAULT

    def reset(self) -> None:
        """Forget all faults."""
        self._rules.clear()
