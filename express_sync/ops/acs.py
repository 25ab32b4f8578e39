"""One signed call to an API of Alibaba Cloud, for APIs that no SDK in use covers.

Error codes are the API's own; `NotReached`, `CertificateNotTrusted` and `Http<status>` are used for failures without
one. Messages of the API are dropped.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.ops.terminal.certificates import UNTRUSTED, is_untrusted
from handler.credentials import Credentials
from handler.sgw.signing import canonical_query, signed_headers

NOT_REACHED = "NotReached"
SKEWED = "RequestTimeTooSkewed"
MAX_SKEW_SECONDS = 900
_REFUSALS = (400, 401, 403)
TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_CODE_KEYS = ("Code", "ErrorCode", "code")


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of an RPC API, whose path is `/`, or of a ROA API, which has a path for each operation."""

    version: str
    action: str
    method: str = "POST"
    path: str = "/"
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"accept": "application/json"})


@dataclass(frozen=True, slots=True)
class Response:
    """`code` is empty after a success, and `document` after a failure."""

    code: str
    document: Mapping[str, Any]


def call_api(call: Call, endpoint: str, credentials: Credentials) -> Response:
    """Send a call and return the response; failures are returned, too."""
    try:
        response = send(call, endpoint, credentials)
    except HTTPError as error:
        return Response(UNTRUSTED if is_untrusted(error) else NOT_REACHED, {})
    document = _document(response.data)
    if response.status == 200 and document is not None and document.get("Success", True) is True:
        return Response("", document)
    return Response(error_code(response), {})


def send(
    call: Call, endpoint: str, credentials: Credentials, *, timeout: urllib3.Timeout = TIMEOUT
) -> urllib3.BaseHTTPResponse:
    """Sign a call, send it, and return the response. Raise HTTPError if the connection fails."""
    base, query = endpoint.rstrip("/"), canonical_query(call.parameters)
    headers = signed_headers(
        credentials,
        method=call.method,
        host=urlsplit(base).netloc,
        path=call.path,
        query=query,
        body=call.body,
        common={
            **call.headers,
            "x-acs-action": call.action,
            "x-acs-version": call.version,
            "x-acs-date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
        },
    )
    return exchange(call.method, f"{base}{call.path}{'?' if query else ''}{query}", headers, call.body, timeout)


def exchange(
    method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: urllib3.Timeout
) -> urllib3.BaseHTTPResponse:
    """Send one signed request, without retries or redirects. Raise HTTPError if the connection fails."""
    with urllib3.PoolManager() as pool:
        return pool.request(
            method, url, body=body or None, headers=headers, timeout=timeout, retries=False, redirect=False
        )


def error_code(response: urllib3.BaseHTTPResponse) -> str:
    """Return the error code of a response under any key that the APIs use, otherwise `Http<status>`.

    It is SKEWED for a call that was refused by a clock: Function Compute then reports a wrong signature.
    """
    if _is_clock_wrong(response):
        return SKEWED
    document = _document(response.data) or {}
    code = next((document[key] for key in _CODE_KEYS if document.get(key)), None)
    return code if isinstance(code, str) and _CODE.fullmatch(code) else f"Http{response.status}"


def _is_clock_wrong(response: urllib3.BaseHTTPResponse) -> bool:
    """Return whether a service refused a call by a clock that differs too much from its own (RFC 9110, Date).

    Believed: the documented limit is 15 minutes.
    """
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
        skew = abs((datetime.now(timezone.utc) - theirs).total_seconds())
    except (TypeError, ValueError):
        return False
    return response.status in _REFUSALS and skew > MAX_SKEW_SECONDS


def _document(data: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
