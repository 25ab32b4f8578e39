"""The two calls of Cloud Storage Gateway (sgw 2018-05-11) that the function makes, over one pool of connections.

Turns whatever the network does into an answer, telling what was never sent from what may have landed. It must not
know when to retry, or what is said of a request.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from handler.model import Answer, Created, Finding, Group, ProvisionRequest, Refused, Seen, Unanswered
from handler.signature import Credentials, canonical_query, signed_headers

VERSION = "2018-05-11"
_GATEWAY_GAVE_UP = (502, 504)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Stamps:
    """What makes each signature unlike the one before: `date()` as x-acs-date wants it, and `nonce()`."""

    date: Callable[[], str]
    nonce: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Sgw:
    """The API at `endpoint` (scheme and host), called with `credentials`; threads may share it."""

    endpoint: str
    credentials: Credentials
    pool: urllib3.PoolManager
    stamps: Stamps

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        """One CreateExpressSync call, signed afresh; every outcome of it is an answer."""
        parameters = {
            "Name": request.name,
            "BucketName": request.bucket_name,
            "BucketRegion": request.bucket_region,
            "BucketPrefix": request.bucket_prefix,
            "Description": request.description,
        }
        reply = self._call("CreateExpressSync", parameters, timeout_seconds)
        if not isinstance(reply, _Success):
            return reply
        express_sync_id = reply.body.get("ExpressSyncId")
        if not isinstance(express_sync_id, str) or not express_sync_id:
            return _malformed(reply.body)
        return Created(express_sync_id, _request_id(reply.body))

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding:
        """One DescribeExpressSyncs call: the groups on a bucket, or of the whole account for None. Not paged."""
        reply = self._call("DescribeExpressSyncs", {"BucketName": bucket_name or ""}, timeout_seconds)
        if not isinstance(reply, _Success):
            return reply
        try:
            return Seen(tuple(_group(entry) for entry in reply.body["ExpressSyncs"]["ExpressSync"]))
        except (KeyError, TypeError, AttributeError):
            return _malformed(reply.body)

    def _call(self, action: str, parameters: Mapping[str, str], timeout: float) -> "_Success | Refused | Unanswered":
        query = canonical_query({name: value for name, value in parameters.items() if value})
        common = {
            "accept": "application/json",
            "x-acs-action": action,
            "x-acs-version": VERSION,
            "x-acs-date": self.stamps.date(),
            "x-acs-signature-nonce": self.stamps.nonce(),
        }
        host = urlsplit(self.endpoint).netloc
        headers = signed_headers(
            self.credentials, method="POST", host=host, path="/", query=query, body=b"", common=common
        )
        try:
            response = self.pool.request(
                "POST",
                f"{self.endpoint}/?{query}",
                headers=headers,
                timeout=urllib3.Timeout(total=timeout),
                retries=False,
                redirect=False,
            )
        except (ConnectTimeoutError, NewConnectionError):
            return Unanswered("NotConnected", sent=False)
        except ReadTimeoutError:
            return Unanswered("ReadTimeout", sent=True)
        except HTTPError:
            return Unanswered("ConnectionLost", sent=True)
        return _reply(response)


@dataclass(frozen=True, slots=True)
class _Success:
    body: Mapping[str, Any]


def _reply(response: urllib3.BaseHTTPResponse) -> _Success | Refused | Unanswered:
    # A gateway that gave up waiting has not answered for the service: what it passed on may still land.
    if response.status in _GATEWAY_GAVE_UP:
        return Unanswered("GatewayLostService", sent=True)
    body = _body(response)
    if response.status == 200 and body.get("Success") is True:
        return _Success(body)
    code = body.get("Code")
    plain = isinstance(code, str) and _CODE.fullmatch(code)
    fallback = "MalformedAnswer" if response.status == 200 else f"Http{response.status}"
    return Refused(
        code=str(code) if plain else fallback,
        http_status=response.status,
        api_request_id=_request_id(body),
        retry_after_seconds=_retry_after(response),
    )


def _body(response: urllib3.BaseHTTPResponse) -> Mapping[str, Any]:
    try:
        body = json.loads(response.data)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    milliseconds = response.headers.get("x-acs-retry-after", "")
    return int(milliseconds) / 1000 if milliseconds.isascii() and milliseconds.isdigit() else 0.0


def _malformed(body: Mapping[str, Any]) -> Refused:
    return Refused("MalformedAnswer", http_status=200, api_request_id=_request_id(body))


def _request_id(body: Mapping[str, Any]) -> str:
    request_id = body.get("RequestId")
    return request_id if isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id) else ""


def _group(entry: Mapping[str, Any]) -> Group:
    return Group(
        express_sync_id=_text(entry["ExpressSyncId"]),
        name=_text(entry["Name"]),
        bucket_name=_text(entry["BucketName"]),
        bucket_region=_text(entry["BucketRegion"]),
        bucket_prefix=_text(entry.get("BucketPrefix") or ""),
        description=_text(entry.get("Description") or ""),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
