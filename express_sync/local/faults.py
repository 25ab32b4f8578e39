"""Faults for tests: parsing them, and queueing them for coming calls. The emulators carry them out.

`fault_routes` is their admin API. Nothing here needs a web server, as the command line reads the names of faults.
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Generic, Literal, TypeVar

from express_sync.local.admin_request import AdminRequestError

MAX_COUNT = 10_000
MAX_SECONDS = 86_400.0
_SECONDS = {"MILLISECONDS": 0.001, "SECONDS": 1.0}
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")

# When the operation is performed, if at all. It is always performed with all its checks.
Execution = Literal["now", "later", "never"]
# What an emulator sends to the client; each emulator has its own type.
Wire = TypeVar("Wire")


@dataclass(frozen=True, slots=True)
class Kind(Generic[Wire]):
    """A kind of fault; one with a `unit` takes a number, as in `slow:200`."""

    execution: Execution
    wire: Wire
    unit: Literal["", "MILLISECONDS", "SECONDS"] = ""
    is_number_optional: bool = False


@dataclass(frozen=True, slots=True)
class Fault(Generic[Wire]):
    """One deviation of one call; `seconds` is its number, 0 if it has none."""

    text: str
    execution: Execution
    wire: Wire
    seconds: float = 0.0


Kinds = Mapping[str, Kind[Wire]]


def parse(kinds: Kinds[Wire], text: str) -> Fault[Wire]:
    """Read a fault such as `late-commit:2.5`. AdminRequestError, which lists all faults, if it is unknown."""
    name, _, number = text.partition(":")
    kind = kinds.get(text)
    if kind is not None and (not kind.unit or kind.is_number_optional):
        return Fault(text, kind.execution, kind.wire)
    kind = kinds.get(name)
    if kind is None or not kind.unit or not _NUMBER.fullmatch(number):
        raise AdminRequestError(f"{text!r} is not a fault; allowed are {', '.join(_allowed(kinds))}")
    return Fault(text, kind.execution, kind.wire, float(number) * _SECONDS[kind.unit])


def _allowed(kinds: Kinds[Wire]) -> Iterable[str]:
    for name, kind in kinds.items():
        number = f":{kind.unit}" if kind.unit else ""
        yield f"{name}[{number}]" if kind.is_number_optional else f"{name}{number}"


@dataclass(slots=True)
class _Rule(Generic[Wire]):
    operation: str
    name_glob: str
    faults: Sequence[Fault[Wire]]
    count: int
    ends_at: float
    taken: int = 0

    @property
    def left(self) -> int:
        return len(self.faults) * self.count - self.taken

    def applies_to(self, operation: str, name: str | None) -> bool:
        return self.operation == operation and (name is None or fnmatchcase(name, self.name_glob))

    def take(self) -> Fault[Wire]:
        fault = self.faults[self.taken % len(self.faults)]
        self.taken += 1
        return fault

    def document(self, now: float) -> dict[str, Any]:
        texts = [fault.text for fault in self.faults]
        described = {"operation": self.operation, "name": self.name_glob, "faults": texts}
        ending = {"secondsLeft": round(self.ends_at - now, 3)} if self.ends_at < math.inf else {}
        return {**described, "count": self.count, "left": self.left, **ending}


class FaultQueue(Generic[Wire]):
    """Faults in the order in which they were queued; each applies to one matching call.

    `default` is the operation of a request that names none; without one the operation is required.
    """

    def __init__(
        self,
        kinds: Kinds[Wire],
        operations: Sequence[str],
        default: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._kinds = kinds
        self._operations = operations
        self._default = default
        self._rules: list[_Rule[Wire]] = []

    def add(self, document: Mapping[str, Any]) -> int:
        """Queue the faults of a request body and return their number. AdminRequestError if it cannot be used."""
        operation, name_glob = document.get("operation", self._default), document.get("name", "*")
        if operation not in self._operations:
            raise AdminRequestError(f"operation must be one of {', '.join(self._operations)}")
        if not isinstance(name_glob, str):
            raise AdminRequestError("name must be a string, a glob for the names of resources")
        seconds = _seconds(document.get("seconds"))
        faults = self._parsed(document.get("faults"))
        count = _count(document.get("count", 1 if seconds == math.inf else MAX_COUNT))
        self._rules.append(_Rule(operation, name_glob, faults, count, self._clock() + seconds))
        return len(faults) * count

    def take(self, operation: str, name: str | None) -> Fault[Wire] | None:
        """Take the fault that applies to this call, if any; a `name` of None matches every rule."""
        self._drop_ended()
        rule = next((rule for rule in self._rules if rule.applies_to(operation, name)), None)
        if rule is None:
            return None
        fault = rule.take()
        if not rule.left:
            self._rules.remove(rule)
        return fault

    def documents(self) -> list[dict[str, Any]]:
        """Return the rules that have faults left, in the form of the admin API."""
        self._drop_ended()
        return [rule.document(self._clock()) for rule in self._rules]

    def clear(self) -> None:
        """Remove all faults."""
        self._rules.clear()

    def _drop_ended(self) -> None:
        now = self._clock()
        self._rules = [rule for rule in self._rules if rule.ends_at > now]

    def _parsed(self, texts: object) -> list[Fault[Wire]]:
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise AdminRequestError("faults must be a list of strings, and not empty")
        return [parse(self._kinds, text) for text in texts]


def _count(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
        raise AdminRequestError(f"count must be a whole number from 1 to {MAX_COUNT}")
    return count


def _seconds(seconds: object) -> float:
    if seconds is None:
        return math.inf
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= MAX_SECONDS:
        raise AdminRequestError(f"seconds must be a number above 0 and up to {MAX_SECONDS:.0f}")
    return float(seconds)
