"""What the demo plays: which samples, how they are sent, what shall go wrong, which verdict is expected of each.

Reads and judges; it must not know how anything is sent. A scenario is a JSON file, its samples lie beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from express_sync.ops.outcomes.reader import Outcome
from express_sync.ops.requests.files import ENVELOPES, Text, submission
from express_sync.ops.targets.schema_errors import first_error, wrong
from express_sync.ops.terminal.errors import CliError

_TEXT = {"type": "string", "minLength": 1}
_EXPECTATION = {
    "type": "object",
    "required": ["status"],
    "additionalProperties": False,
    "properties": {
        "status": _TEXT,
        "disposition": _TEXT,
        "error": _TEXT,
        "attempts": {"type": "integer", "minimum": 0},
    },
}
_ACT = {
    "type": "object",
    "required": ["sample", "shows", "expect"],
    "additionalProperties": False,
    "properties": {
        "sample": _TEXT,
        "shows": _TEXT,
        "envelope": {"enum": list(ENVELOPES)},
        "faults": {"type": "array", "items": _TEXT},
        "expect": _EXPECTATION,
    },
}
_ROUND = {
    "type": "object",
    "required": ["title", "requests"],
    "additionalProperties": False,
    "properties": {"title": _TEXT, "requests": {"type": "array", "minItems": 1, "items": _ACT}},
}
_SCHEMA = {
    "type": "object",
    "required": ["rounds"],
    "additionalProperties": False,
    "properties": {"rounds": {"type": "array", "minItems": 1, "items": _ROUND}},
}


@dataclass(frozen=True, slots=True)
class Act:
    """One request of the demo: its body, the faults its create calls meet, and the verdict that is expected.

    `group` is the name of the group asked for, empty where the sample names none.
    """

    name: str
    shows: str
    body: str
    group: str
    faults: tuple[str, ...]
    expected: Mapping[str, str | int]

    def surprises(self, outcome: Outcome) -> list[str]:
        """How the outcome differs from what is expected, a phrase for each difference."""
        said: dict[str, Any] = {**outcome.data, "error": outcome.error_code}
        return [
            f"{key} is {said.get(key)}, expected {wanted}"
            for key, wanted in self.expected.items()
            if said.get(key) != wanted
        ]


@dataclass(frozen=True, slots=True)
class Round:
    """Requests that are sent together, once those of the round before are settled."""

    title: str
    acts: tuple[Act, ...]


def read(path: Path) -> tuple[Round, ...]:
    """The scenario in a file. CliError if it or one of its samples cannot be read or is not right."""
    try:
        document = json.loads(_text(path))
    except ValueError:
        raise CliError(f"{path} is no JSON; correct it.") from None
    error = first_error(Draft7Validator(_SCHEMA), document)
    if error is not None:
        raise CliError(f"{path} is no scenario: {wrong(error)}; write it in the form of events/demo.json.")
    return tuple(
        Round(each["title"], tuple(_act(act, path.parent) for act in each["requests"])) for each in document["rounds"]
    )


def _act(act: Mapping[str, Any], directory: Path) -> Act:
    sent = submission(Text(act["sample"], _text(directory / act["sample"]).strip()), act.get("envelope", "plain"))
    faults = tuple(act.get("faults", ()))
    if faults and not sent.group:
        raise CliError(f"{act['sample']} names no group, so it can meet no faults; leave them out.")
    name = sent.request_id or Path(act["sample"]).name
    return Act(name, act["shows"], sent.body, sent.group, faults, act["expect"])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise CliError(f"{path} cannot be read; name a file of UTF-8 text.") from None
