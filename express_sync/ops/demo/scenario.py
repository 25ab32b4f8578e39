"""Reads scenarios of the demo: rounds of samples, the faults and outages they meet, and the outcomes expected of each.

A scenario is a JSON file; its samples are files beside it. Each line of a sample in JSON Lines is a request of its own.
An outage lasts for its round. A round without samples continues with the requests that were sent before.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from express_sync.ops.requests.files import ENVELOPES, Text, submission
from express_sync.ops.targets.schema_errors import first_error, message
from express_sync.ops.terminal.errors import CliError

SETTLED, DEFERRED, SUCCEEDED = CONDITIONS = ("settled", "deferred", "succeeded")

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}


def _object(required: Sequence[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": properties}


_EXPECTATION = _object(
    ("status",),
    status=_TEXT,  # of the last outcome, like disposition, error and attempts
    disposition=_TEXT,
    error=_TEXT,
    attempts={"type": "integer", "minimum": 0},
    history=_TEXT,  # a regular expression for all statuses, oldest first, separated by spaces
    errorBefore=_TEXT,  # the error code of every outcome before the last one
    replayed={"type": "boolean"},
)
_SAMPLE = _object(
    ("sample", "expect"),
    sample=_TEXT,
    shows=_TEXT,  # what it demonstrates; by default the name of its group
    envelope={"enum": list(ENVELOPES)},
    faults=_TEXTS,  # of its create calls, in order
    expect=_EXPECTATION,
)
_ROUND = _object(
    ("title",),
    title=_TEXT,
    text=_TEXTS,
    outage=_TEXT,  # an error code that every create call meets
    requests={"type": "array", "minItems": 1, "items": _SAMPLE},
    until={"enum": list(CONDITIONS)},
    commands={"type": "array", "items": {**_TEXTS, "minItems": 1}},
    quietSeconds={"type": "integer", "minimum": 0},  # how long to listen after the commands
)
_SCHEMA = _object(
    ("rounds",),
    environment={"type": "object", "additionalProperties": _TEXT},
    rounds={"type": "array", "minItems": 1, "items": _ROUND},
)
_VALIDATOR = Draft7Validator(_SCHEMA)


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: its body, the group that it asks for, the faults of its create calls, and what is expected."""

    name: str
    shows: str
    body: str
    group: str
    faults: tuple[str, ...]
    expected: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Round:
    """Samples that are sent together, the condition to wait for, and commands that are run then."""

    title: str
    text: tuple[str, ...] = ()
    outage: str = ""
    samples: tuple[Sample, ...] = ()
    until: str = SETTLED
    commands: tuple[tuple[str, ...], ...] = ()
    quiet_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """The rounds, and additional environment variables of the function."""

    rounds: tuple[Round, ...]
    environment: Mapping[str, str]


def read(path: Path) -> Scenario:
    """Return the scenario in a file. CliError if the file or one of its samples is missing or invalid."""
    try:
        document = json.loads(_text(path))
    except (ValueError, RecursionError):
        raise CliError(f"{path} is not JSON; correct it.") from None
    error = first_error(_VALIDATOR, document)
    if error is not None:
        raise CliError(f"{path} is not a valid scenario: {message(error)}; use events/demo.json as an example.")
    return Scenario(tuple(_round(each, path.parent) for each in document["rounds"]), document.get("environment", {}))


def _round(document: Mapping[str, Any], directory: Path) -> Round:
    return Round(
        document["title"],
        tuple(document.get("text", ())),
        document.get("outage", ""),
        tuple(sample for each in document.get("requests", ()) for sample in _samples(each, directory)),
        document.get("until", SETTLED),
        tuple(tuple(words) for words in document.get("commands", ())),
        document.get("quietSeconds", 0),
    )


def _samples(document: Mapping[str, Any], directory: Path) -> Iterator[Sample]:
    place, expected = document["sample"], document["expect"]
    _check_pattern(place, expected.get("history", ""))
    content = _text(directory / place).strip()
    faults = tuple(document.get("faults", ()))
    for text in content.splitlines() if place.endswith(".jsonl") else [content]:
        sent = submission(Text(place, text), document.get("envelope", "plain"))
        if faults and not sent.group:
            raise CliError(f"{place} does not name a group, so faults cannot be assigned to it; remove them.")
        name = sent.request_id or Path(place).name
        yield Sample(name, document.get("shows", sent.group), sent.body, sent.group, faults, expected)


def _check_pattern(place: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise CliError(f"The history expected of {place} is not a regular expression ({error}); correct it.") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise CliError(f"{path} cannot be read; name a file of UTF-8 text.") from None
