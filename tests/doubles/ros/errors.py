"""The errors of ROS itself, with the messages of its API pages; those of the API gateway are in `openapi`.

Verified: StackNotFound and ActionInProgress (API pages), NotSupported (quoted by clients in public). Believed: status
and message of StackExists, StackValidationFailed, MissingParameter, InvalidParameter, IdempotentParameterMismatch and
NoPermission.
"""

from express_sync.local.api_error import ApiError, ErrorTable
from express_sync.local.openapi.errors import GATEWAY

# The errors that a test can queue as faults.
FAULTS: ErrorTable = {
    **GATEWAY,
    "NoPermission": (403, "You are not authorized to complete this action."),
    "InternalError": (500, "The request processing has failed due to an unknown error."),
}


def not_found(name: str) -> ApiError:
    """Return the error for a stack that does not exist."""
    return ApiError("StackNotFound", 404, f"The Stack ({name}) could not be found.")


def exists(name: str) -> ApiError:
    """Return the error for a stack name that is taken."""
    return ApiError("StackExists", 409, f"The Stack ({name}) already exists.")


def in_progress(name: str, action: str) -> ApiError:
    """Return the error for a stack with an action in progress."""
    return ApiError("ActionInProgress", 409, f"Stack {name} already has an action ({action}) in progress.")


def unchanged() -> ApiError:
    """Return the error for an update that changes nothing."""
    return ApiError("NotSupported", 400, "Update the completely same stack is not supported.")


def not_supported(name: str, state: str) -> ApiError:
    """Return the error for an update of a stack whose state does not allow it."""
    return ApiError("NotSupported", 400, f"Stack {name} in state {state} cannot be updated.")


def invalid(problem: str) -> ApiError:
    """Return the error for an invalid template or invalid parameters."""
    return ApiError("StackValidationFailed", 400, problem)


def mismatch(token: str) -> ApiError:
    """Return the error for a client token that was sent before with other parameters."""
    return ApiError(
        "IdempotentParameterMismatch",
        400,
        f"The request uses the same client token ({token}) as a previous, but non-identical request.",
    )


def invalid_parameter(name: str, value: str) -> ApiError:
    """Return the error for a value that the parameter cannot have."""
    return ApiError("InvalidParameter", 400, f"The specified parameter {name} value ({value}) is not valid.")


def missing(parameter: str) -> ApiError:
    """Return the error for an absent parameter of the operation."""
    return ApiError("MissingParameter", 400, f"{parameter} is mandatory for this action.")
