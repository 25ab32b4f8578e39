"""Orders to the function itself, from a direct call or a timer: `{"control": {"drain": "deadLetters"}}`.

An order counts only as the whole event, or as the payload of a timer; in a message of a queue it is a request like any
other, and a wrong one. A topic's trigger in the format STREAM hands over bodies as if they were such events; the
template has none. This module must not know how an order is carried out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeGuard, get_args

from handler.failures import STATUSES, Filter
from handler.inbound.strict_json import flaws, read_body

Drainable = Literal["requests", "deadLetters"]
LONGEST_LIST = 50
LONGEST_TEXT = 128
LONGEST_AGE_SECONDS = 31_536_000
MOST_REPLAYS = 1000  # in one run, and in one second


@dataclass(frozen=True, slots=True)
class DrainOrder:
    """Work a queue until it is empty or the time is up."""

    queue: Drainable


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """Send the failed requests that the filter means to the request queue again, at most so many of them.

    `edits` are new values of request properties, not yet held against the contract. A dry run only counts; `force`
    takes those along whose error will not pass by itself.
    """

    filter: Filter
    edits: Mapping[str, str]
    dry_run: bool
    force: bool
    most: int
    per_second: int


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """An order that is none; `why` is a sentence for whoever gave it, and quotes nothing of it."""

    why: str


Order = DrainOrder | ReplayOrder | Misunderstood
_WHY = f"An order is one of: drain, with {' or '.join(get_args(Drainable))}; replay, with an object."


def order_in(event: object) -> Order | None:
    """The order that an event is, or None for an event that is none."""
    value = event
    if isinstance(event, Mapping) and "triggerName" in event and isinstance(event.get("payload"), str):
        value = read_body(event["payload"])
    if not isinstance(value, Mapping) or value.keys() != {"control"}:
        return None
    found = flaws(value)
    if found:
        return Misunderstood(f"The order {' and '.join(flaw.message for flaw in found)}.")
    return _read(value["control"])


def _read(control: Any) -> Order:
    if isinstance(control, Mapping) and control.keys() == {"drain"} and control["drain"] in get_args(Drainable):
        return DrainOrder(control["drain"])
    if isinstance(control, Mapping) and control.keys() == {"replay"} and isinstance(control["replay"], Mapping):
        return _read_replay(control["replay"])
    return Misunderstood(_WHY)


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= LONGEST_LIST and all(_is_text(each) for each in value)


def _is_statuses(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= LONGEST_LIST and all(each in STATUSES for each in value)


def _is_edits(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())


def _is_within(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


_TEXTS = (_is_texts, f"a list of 1 to {LONGEST_LIST} texts of 1 to {LONGEST_TEXT} characters")
_AGE = (_is_within(0, LONGEST_AGE_SECONDS), f"a whole number from 0 to {LONGEST_AGE_SECONDS}")
_COUNT = (_is_within(1, MOST_REPLAYS), f"a whole number from 1 to {MOST_REPLAYS}")
_TRUTH = (lambda value: isinstance(value, bool), "true or false")

# argument of a replay: whether a value will do, what is expected. An empty list is refused: nobody who found no code
# to replay means every code.
_ARGUMENTS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "statuses": (_is_statuses, f"a list of {' and '.join(STATUSES)}, or one of them"),
    "codes": _TEXTS,
    "requesters": _TEXTS,
    "name": (_is_text, f"a pattern of 1 to {LONGEST_TEXT} characters"),
    "olderThanSeconds": _AGE,
    "newerThanSeconds": _AGE,
    "set": (_is_edits, "an object of request properties with texts as their new values"),
    "dryRun": _TRUTH,
    "force": _TRUTH,
    "most": _COUNT,
    "perSecond": _COUNT,
}


def _read_replay(given: Mapping[str, Any]) -> ReplayOrder | Misunderstood:
    problems = [
        f"{name} must be {expected}"
        for name, (will_do, expected) in _ARGUMENTS.items()
        if name in given and not will_do(given[name])
    ]
    if not given.keys() <= _ARGUMENTS.keys():
        problems.append(f"it takes nothing but {', '.join(_ARGUMENTS)}")
    if problems:
        return Misunderstood(f"The replay cannot be understood: {'; '.join(problems)}.")
    return ReplayOrder(
        filter=Filter(
            statuses=frozenset(given.get("statuses", ())),
            codes=frozenset(given.get("codes", ())),
            requesters=frozenset(given.get("requesters", ())),
            name=given.get("name", "*"),
            older_than=_seconds(given.get("olderThanSeconds")),
            newer_than=_seconds(given.get("newerThanSeconds")),
        ),
        edits=given.get("set", {}),
        dry_run=given.get("dryRun", True),
        force=given.get("force", False),
        most=given.get("most", 100),
        per_second=given.get("perSecond", 50),
    )


def _seconds(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)
