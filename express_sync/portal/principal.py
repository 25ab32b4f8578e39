"""Who calls the HTTP API: the seam between the API and whatever authenticates its callers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["requester", "operator"]


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated caller: a name, which becomes the `requester` of its requests, and a role."""

    name: str
    role: Role

    @property
    def is_operator(self) -> bool:
        """Return whether the caller may see and replay everything."""
        return self.role == "operator"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a caller is not authenticated: an HTTP status, a sentence without any text of the caller, and headers."""

    status: int
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


# Takes the headers of a request, with lower-case names, and returns who sent it. May block; is called in a thread.
Authenticate = Callable[[Mapping[str, str]], Identity | Refusal]
