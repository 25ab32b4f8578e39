"""Reads the options of a replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from express_sync.ops.replay.message import wrong_edits
from express_sync.portal.api.contract import checked
from express_sync.portal.api.problem import Problem, violated


@dataclass(frozen=True, slots=True)
class Options:
    """Other values of properties of a request, and whether to replay terminal errors."""

    edits: Mapping[str, str]
    force: bool


def options_of(body: Any, schema: str) -> Options | Problem:
    """Return the options in a body, which must be valid by a schema of the contract."""
    body = checked(body, schema)
    if isinstance(body, Problem):
        return body
    wrong = wrong_edits(body.get("edits", {}))
    return violated(wrong) if wrong else Options(body.get("edits", {}), body.get("force", False))
