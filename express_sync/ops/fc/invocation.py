"""One invocation through Function Compute's API of 2023-03-30. Knows HTTP and what an answer means.

A function error arrives with HTTP 200 and is told by the header X-Fc-Error-Type alone.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.ops.terminal.certificates import CURE, is_untrusted
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials
from handler.sgw.signing import signed_headers

LONGEST_INVOCATION_SECONDS = 300.0  # what Function Compute allows a triggered function
ACCEPTED = (200, 202)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invocation came to; `error_type` is empty unless the function failed."""

    request_id: str
    body: str
    error_type: str

    def error_message(self) -> str:
        """What the function said when it failed."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return self.body
        message = document.get("errorMessage") if isinstance(document, dict) else None
        return message if isinstance(message, str) else self.body


def invoke(endpoint: str, function: str, credentials: Credentials, event: bytes) -> Answer:
    """Hand `event` to the function and wait for its answer. CliError if the API cannot be reached or refuses."""
    response = _called(endpoint, function, credentials, event, {})
    return Answer(
        response.headers.get("x-fc-request-id", ""),
        response.data.decode("utf-8", "replace"),
        response.headers.get("x-fc-error-type", ""),
    )


def invoke_later(endpoint: str, function: str, credentials: Credentials, event: bytes) -> None:
    """Leave `event` with Function Compute, which has it worked and retried. CliError unless it is accepted."""
    _called(endpoint, function, credentials, event, {"x-fc-invocation-type": "Async"})


def _called(
    endpoint: str, function: str, credentials: Credentials, event: bytes, headers: Mapping[str, str]
) -> urllib3.BaseHTTPResponse:
    path = f"/2023-03-30/functions/{quote(function, safe='')}/invocations"
    signed = signed_headers(
        credentials,
        method="POST",
        host=urlsplit(endpoint).netloc,
        path=path,
        query="",
        body=event,
        common={
            "content-type": "application/octet-stream",
            "x-acs-action": "InvokeFunction",
            "x-acs-version": "2023-03-30",
            "x-acs-date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
        },
    )
    return post(endpoint, path, {**signed, **headers}, event)


def post(endpoint: str, path: str, headers: Mapping[str, str], event: bytes) -> urllib3.BaseHTTPResponse:
    """Return the answer of Function Compute to a signed request. CliError if there is none, or if it refuses."""
    url = endpoint.rstrip("/") + path
    timeout = urllib3.Timeout(connect=10.0, read=LONGEST_INVOCATION_SECONDS)
    try:
        with urllib3.PoolManager() as pool:
            response = pool.request(
                "POST", url, body=event, headers=headers, retries=False, redirect=False, timeout=timeout
            )
    except HTTPError as error:
        if is_untrusted(error):
            raise CliError(f"The certificate of Function Compute at {endpoint} is not trusted; {CURE}.") from None
        raise CliError(f"Function Compute at {endpoint} cannot be reached; see whether it runs.") from None
    if response.status not in ACCEPTED:
        code = _refusal(response)
        raise CliError(f"Function Compute at {endpoint} refuses with {code}; {_ADVICE.get(code, 'check the profile')}.")
    return response


_ADVICE = {
    "ServiceNotFound": "check --service, or use --via fc3 for a function that has no service",
    "FunctionNotFound": "check fc.function of the profile",
}


def _refusal(response: urllib3.BaseHTTPResponse) -> str:
    """The code of a refusal, whichever of the API's spellings it has, else its HTTP status."""
    try:
        document = json.loads(response.data)
        code = document.get("Code") or document.get("ErrorCode") or document.get("code")
    except (ValueError, AttributeError):
        code = None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else f"HTTP {response.status}"
