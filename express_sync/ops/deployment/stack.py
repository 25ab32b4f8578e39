"""Stacks, resources and events as ROS describes them, and the health that each state means.

Sources: "Stack status" and the pages of GetStack, ListStackEvents and ListStackResources of ROS 2019-09-10. The states
in which a stack can be updated are those of change sets: complete states, and states that an update left behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

StackHealth = Literal["healthy", "in_progress", "failed", "unrecoverable", "deleted"]

_HEALTH: Mapping[str, StackHealth] = {
    "CREATE_COMPLETE": "healthy",
    "UPDATE_COMPLETE": "healthy",
    "CHECK_COMPLETE": "healthy",
    "IMPORT_CREATE_COMPLETE": "healthy",
    "IMPORT_UPDATE_COMPLETE": "healthy",
    "ROLLBACK_COMPLETE": "failed",  # an update failed, and the previous version was restored
    "ROLLBACK_FAILED": "failed",
    "UPDATE_FAILED": "failed",
    "CHECK_FAILED": "failed",
    "CREATE_FAILED": "unrecoverable",
    "CREATE_ROLLBACK_COMPLETE": "unrecoverable",  # the creation failed, and its resources were deleted
    "CREATE_ROLLBACK_FAILED": "unrecoverable",
    "DELETE_FAILED": "unrecoverable",
    "DELETE_COMPLETE": "deleted",
}


def health(state: str) -> StackHealth:
    """Return the health that a state means.

    A failed stack can be updated; an unrecoverable one must be deleted first. An unknown state counts as failed.
    """
    if state.endswith("_IN_PROGRESS"):
        return "in_progress"
    return _HEALTH.get(state, "failed")


@dataclass(frozen=True, slots=True)
class Stack:
    """The current description of a stack."""

    id: str
    name: str
    state: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def health(self) -> StackHealth:
        """The health that its state means."""
        return health(self.state)


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a resource, or of the stack itself, whose name is then the resource's."""

    id: str
    time: str
    resource: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resource:
    """The current description of a resource of a stack."""

    name: str
    type: str
    state: str
    reason: str

    @property
    def is_healthy(self) -> bool:
        """Whether it exists and no operation on it is in progress."""
        return health(self.state) == "healthy"
