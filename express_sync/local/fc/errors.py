"""The errors of the invocation APIs before any function runs, with FC's documented messages.

Verified: status, code and message (FC's table of error codes; EntityTooLarge is a 400 there), and the body of
2016-08-15, whose keys the official client reads. Believed: the keys of 2023-03-30, which its client reads too; the
messages of VersionNotFound and TriggerNotFound; code and message for a task id that was used before, whose status 409
is documented (help page "Task deduplication").
"""

from collections.abc import Callable
from typing import Any

from express_sync.local.api_error import ApiError, ErrorTable

_TABLE: ErrorTable = {
    "InvalidArgument": (400, "{}"),
    "MissingRequiredHeader": (400, "required HTTP header {} was not specified"),
    "PathNotSupported": (400, "'{}' against '{}' is not supported"),
    "EntityTooLarge": (400, "payload size exceeds maximum allowed size ({} bytes)"),
    "AccessDenied": (403, "{}"),
    "SignatureNotMatch": (
        403,
        """The request signature we calculated does not match the signature you provided. \
Check your access key and signing method""",
    ),
    "InvalidAccessKeyID": (403, "invalid access key ID '{}'"),
    "ServiceNotFound": (404, "service '{}' does not exist"),
    "FunctionNotFound": (404, "function '{}' does not exist"),
    "VersionNotFound": (404, "version '{}' of service '{}' does not exist"),
    "TriggerNotFound": (404, "trigger '{}' does not exist in service '{}' and function '{}'"),
    "StatefulAsyncInvocationAlreadyExists": (409, "stateful async invocation '{}' already exists"),
    "AliasNotFound": (404, "alias '{}' of service '{}' does not exist"),
}


class FcError(ApiError):
    """An error of the table, its message filled in with `values`."""

    def __init__(self, code: str, *values: object) -> None:
        status, message = _TABLE[code]
        super().__init__(code, status, message.format(*values))


Body = Callable[[ApiError, str], dict[str, Any]]


def body_of_2016(error: ApiError, _request_id: str) -> dict[str, Any]:
    """Return the error body of API version 2016-08-15, which has the request id in a header."""
    return {"ErrorCode": error.code, "ErrorMessage": error.message}


def body_of_2023(error: ApiError, request_id: str) -> dict[str, Any]:
    """Return the error body of API version 2023-03-30."""
    return {"RequestId": request_id, "Code": error.code, "Message": error.message}
