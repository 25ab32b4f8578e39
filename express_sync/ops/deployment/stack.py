"""What ROS says of a stack, and what each of its states means to us. Facts only; must not know how ROS is asked.

Sources: "Stack status" and the pages of GetStack, ListStackEvents and ListStackResources of ROS 2019-09-10. Which
states an update is taken in is that of its change sets: whatever is complete, and what an update left behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Standing = Literal["well", "busy", "broken", "dead", "gone"]

_STANDINGS: Mapping[str, Standing] = {
    "CREATE_COMPLETE": "well",
    "UPDATE_COMPLETE": "well",
    "CHECK_COMPLETE": "well",
    "IMPORT_CREATE_COMPLETE": "well",
    "IMPORT_UPDATE_COMPLETE": "well",
    "ROLLBACK_COMPLETE": "broken",  # an update failed, and the former version is back
    "ROLLBACK_FAILED": "broken",
    "UPDATE_FAILED": "broken",
    "CHECK_FAILED": "broken",
    "CREATE_FAILED": "dead",
    "CREATE_ROLLBACK_COMPLETE": "dead",  # the creation failed, and its resources are deleted again
    "CREATE_ROLLBACK_FAILED": "dead",
    "DELETE_FAILED": "dead",
    "DELETE_COMPLETE": "gone",
}


def standing(state: str) -> Standing:
    """well; busy; broken, but to be updated; dead, to be deleted before anything else; or gone."""
    if state.endswith("_IN_PROGRESS"):
        return "busy"
    return _STANDINGS.get(state, "broken")


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is now."""

    id: str
    name: str
    state: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def standing(self) -> Standing:
        """What its state means to us."""
        return standing(self.state)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a resource of a stack, or to the stack itself, which then goes by its own name."""

    id: str
    time: str
    resource: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack as it is now."""

    name: str
    type: str
    state: str
    reason: str

    @property
    def is_well(self) -> bool:
        """Whether it is there, and nobody works on it."""
        return standing(self.state) == "well"
