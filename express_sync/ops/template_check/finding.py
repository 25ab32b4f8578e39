"""A fault that a check found in a template."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; `path` is its place, such as `Resources.Queue.Properties.QueueName`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path} {self.message}."
