"""The errors of ROS itself, in the words of its API pages; those of the API gateway are the local gateway's.

Verified: StackNotFound and ActionInProgress (API pages), NotSupported (quoted by clients in public). Believed: status
and words of StackExists, StackValidationFailed, MissingParameter and NoPermission.
"""

from express_sync.local.sgw.errors import GATEWAY, Refusal

_UNCHANGED = "Update the completely same stack is not supported."
# What a test may have a call refused with, whatever it asks for.
SCRIPTED = {
    **GATEWAY,
    "NoPermission": Refusal(403, "NoPermission", "You are not authorized to complete this action."),
    "InternalError": Refusal(500, "InternalError", "The request processing has failed due to an unknown error."),
}


def not_found(name: str) -> Refusal:
    """There is no such stack."""
    return Refusal(404, "StackNotFound", f"The Stack ({name}) could not be found.")


def exists(name: str) -> Refusal:
    """There is a stack of that name already."""
    return Refusal(409, "StackExists", f"The Stack ({name}) already exists.")


def in_progress(name: str, action: str) -> Refusal:
    """Somebody works on the stack."""
    return Refusal(409, "ActionInProgress", f"Stack {name} already has an action ({action}) in progress.")


def unchanged() -> Refusal:
    """An update that changes nothing."""
    return Refusal(400, "NotSupported", _UNCHANGED)


def not_supported(name: str, state: str) -> Refusal:
    """An update of a stack whose state allows none."""
    return Refusal(400, "NotSupported", f"Stack {name} in state {state} cannot be updated.")


def invalid(problem: str) -> Refusal:
    """A template or parameters that cannot be a stack."""
    return Refusal(400, "StackValidationFailed", problem)


def missing(parameter: str) -> Refusal:
    """A parameter of the operation that is not there."""
    return Refusal(400, "MissingParameter", f"{parameter} is mandatory for this action.")
