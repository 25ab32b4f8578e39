"""Invokes a function through the API of Function Compute 3.0.

An error of the function arrives with HTTP status 200; only the header X-Fc-Error-Type shows it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.ops.acs import SKEWED, Call, error_code, send
from express_sync.ops.fc.api import FC_VERSION, function_path
from express_sync.ops.terminal.certificates import FIX, is_untrusted
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials

MAX_INVOCATION_SECONDS = 300.0  # the limit of Function Compute for a triggered function
TIMEOUT = urllib3.Timeout(connect=10.0, read=MAX_INVOCATION_SECONDS)
ACCEPTED = (200, 202)
_ADVICE = {
    SKEWED: "set the clock of this machine",
    "ServiceNotFound": "check --service, or use --via fc3 for a function that has no service",
    "FunctionNotFound": "check fc.function of the profile",
}


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The result of an invocation; `error_type` is empty unless the function failed."""

    request_id: str
    body: str
    error_type: str

    def value(self) -> object:
        """Return the JSON value of the body, or the body itself if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body

    def error_message(self) -> str:
        """Return the error message of the function, or the whole body if it contains none."""
        document = self.value()
        message = document.get("errorMessage") if isinstance(document, dict) else None
        return message if isinstance(message, str) else self.body


def invoke(endpoint: str, function: str, credentials: Credentials, event: bytes) -> InvocationResult:
    """Invoke the function with `event` and wait for the result. Raise CliError if the API cannot be called."""
    response = _invoke(endpoint, function, credentials, event, "Sync")
    return InvocationResult(
        response.headers.get("x-fc-request-id", ""),
        response.data.decode("utf-8", "replace"),
        response.headers.get("x-fc-error-type", ""),
    )


def invoke_async(endpoint: str, function: str, credentials: Credentials, event: bytes) -> None:
    """Queue `event` for an asynchronous invocation. Raise CliError unless Function Compute accepts it."""
    _invoke(endpoint, function, credentials, event, "Async")


def _invoke(
    endpoint: str, function: str, credentials: Credentials, event: bytes, invocation_type: str
) -> urllib3.BaseHTTPResponse:
    headers = {"content-type": "application/octet-stream", "x-fc-invocation-type": invocation_type}
    call = Call(
        FC_VERSION, "InvokeFunction", path=f"{function_path(function)}/invocations", body=event, headers=headers
    )
    return accepted(endpoint, lambda: send(call, endpoint, credentials, timeout=TIMEOUT))


def accepted(endpoint: str, request: Callable[[], urllib3.BaseHTTPResponse]) -> urllib3.BaseHTTPResponse:
    """Send a request and return the response. Raise CliError if the connection fails or the response is an error."""
    try:
        response = request()
    except HTTPError as error:
        if is_untrusted(error):
            raise CliError(f"The certificate of Function Compute at {endpoint} is not trusted; {FIX}.") from None
        raise CliError(f"Function Compute at {endpoint} cannot be reached; check that it is running.") from None
    if response.status not in ACCEPTED:
        code = error_code(response)
        advice = _ADVICE.get(code, "check the profile")
        raise CliError(f"Function Compute at {endpoint} responded with {code}; {advice}.")
    return response
