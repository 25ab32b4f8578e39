"""How an invocation ended, in FC's own words; knows neither processes nor HTTP.

Verified: the JSON error of a function that raised, and FC's sentence for a process that ended, to which FC appends
duration and memory; they are left out here. Believed: the sentence for a timeout, and that both of these carry
`UnhandledInvocationError` like a raised exception.
"""

import json
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["succeeded", "failed", "timed-out", "exited"]
UNHANDLED = "UnhandledInvocationError"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one invocation: the function's result or the error's JSON, and the end of what it logged."""

    outcome: Outcome
    body: bytes
    log: bytes = b""

    @property
    def succeeded(self) -> bool:
        """Whether the function returned."""
        return self.outcome == "succeeded"

    @property
    def error_type(self) -> str:
        """The type of the function's own error (`ValueError`), empty where FC gives none."""
        return "" if self.outcome != "failed" else str(json.loads(self.body).get("errorType", ""))


def timed_out(seconds: int, log: bytes) -> Answer:
    """The function ran for longer than its timeout."""
    return Answer("timed-out", _error(f"Function time out after {seconds} seconds"), log)


def exited(log: bytes) -> Answer:
    """The function's process ended, whoever ended it."""
    return Answer("exited", _error("Process exited unexpectedly before completing request"), log)


def _error(message: str) -> bytes:
    return json.dumps({"errorMessage": message}).encode()
