"""The result of a check: a mark, a message and a fix."""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["ok", "wrong", "unknown"]
DEPLOY = "deploy template.yml"  # the fix for whatever the stack should have


@dataclass(frozen=True, slots=True)
class Finding:
    """`message` and `fix` are clauses without a full stop; `fix` is empty for a good finding."""

    mark: Mark
    message: str
    fix: str = ""

    @property
    def sentence(self) -> str:
        """The message and the fix as one sentence."""
        return f"{self.message}; {self.fix}." if self.fix else f"{self.message}."


def ok(message: str) -> Finding:
    """Return a finding without a fault."""
    return Finding("ok", message)


def wrong(message: str, fix: str) -> Finding:
    """Return a finding with a fault."""
    return Finding("wrong", message, fix)


def unknown(message: str, fix: str) -> Finding:
    """Return a finding that could not be determined; `fix` says how to determine it."""
    return Finding("unknown", message, fix)
