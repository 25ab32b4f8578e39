"""What a check found wrong: where in the template, and what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; `path` leads to it, as in `Resources.Queue.Properties.QueueName`."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} {self.problem}."
