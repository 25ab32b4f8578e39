"""What a check says of one thing: a mark, what is so, and what to do about it. Knows no check and no display."""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`says` and `cure` are clauses without a full stop; `cure` is empty where all is well."""

    mark: Mark
    says: str
    cure: str = ""

    @property
    def sentence(self) -> str:
        """The finding and its cure in one sentence."""
        return f"{self.says}; {self.cure}." if self.cure else f"{self.says}."


def well(says: str) -> Finding:
    """It is as it should be."""
    return Finding("ok", says)


def wrong(says: str, cure: str) -> Finding:
    """It is not as it should be, and this is how to mend it."""
    return Finding("wrong", says, cure)


def unknown(says: str, cure: str) -> Finding:
    """It cannot be seen from here, and this is how to see it."""
    return Finding("unknown", says, cure)
