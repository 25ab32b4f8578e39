"""The result of an invocation, in FC's own words.

Verified: the JSON error of a function that raised, and FC's message for a process that ended, without the
duration and memory that FC appends. Believed: the message for a timeout, and that both have the type
`UnhandledInvocationError`, like a raised exception.
"""

import json
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["succeeded", "failed", "timed-out", "exited"]
UNHANDLED = "UnhandledInvocationError"


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The result of one invocation: the function's own or the error's JSON, and the end of its log.

    `memory_mb` is the most that the instance has used so far, 0 if that is unknown.
    """

    outcome: Outcome
    body: bytes
    log: bytes = b""
    instance_id: str = field(default="", compare=False)
    memory_mb: int = field(default=0, compare=False)

    @property
    def succeeded(self) -> bool:
        """Tell whether the function returned."""
        return self.outcome == "succeeded"

    @property
    def error_type(self) -> str:
        """Return the type of the function's own error (`ValueError`), "" where FC has none."""
        return "" if self.outcome != "failed" else str(json.loads(self.body).get("errorType", ""))


def timed_out(seconds: int, log: bytes) -> InvocationResult:
    """Return the result of a function that ran for longer than its timeout."""
    return InvocationResult("timed-out", _error(f"Function time out after {seconds} seconds"), log)


def exited(log: bytes) -> InvocationResult:
    """Return the result of a function whose process ended, for whatever reason."""
    return InvocationResult("exited", _error("Process exited unexpectedly before completing request"), log)


def _error(message: str) -> bytes:
    return json.dumps({"errorMessage": message}).encode()
