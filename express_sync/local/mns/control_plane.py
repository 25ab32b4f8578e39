"""The control plane of MNS, mns-open 2022-01-19, at the endpoint of the messages: its operations are not emulated.

Its clients are configured with an endpoint of their own, `mns-open.REGION.aliyuncs.com`; locally only this one exists.
Reproduces: recognizing its requests, which have action and version in headers, in the query or in a form, and the API
gateway's error body in JSON. Chosen: no signature is checked before the answer NotEmulated.
"""

import json
from urllib.parse import parse_qsl

from express_sync.local import known_operations
from express_sync.local.api_error import ApiError
from express_sync.local.mns.protocol import Request, Response
from express_sync.local.not_emulated import NotEmulatedError

_VERSION = "2022-01-19"


def operation_of(request: Request) -> str:
    """Return the requested operation of the control plane, "" if the request is not for it."""
    if "x-mns-version" in request.headers:
        return ""
    form = {name.lower(): value for name, value in parse_qsl(request.body.decode("latin-1"))}
    given = {**form, **request.query}
    version = request.headers.get("x-acs-version") or given.get("version", "")
    action = request.headers.get("x-acs-action") or given.get("action", "")
    return action if version == _VERSION else ""


def error_for(operation: str) -> ApiError:
    """Return the error for an operation of the control plane."""
    if operation in known_operations.names("mns-open"):
        return NotEmulatedError(f"{operation} of mns-open {_VERSION}")
    return ApiError("InvalidAction.NotFound", 404, "Specified api is not found, please check your url and method.")


def error_response(error: ApiError, request_id: str, host: str) -> Response:
    """Return the response for `error`."""
    body = {"RequestId": request_id, "HostId": host, "Code": error.code, "Message": error.message}
    return Response(error.status, json.dumps(body), content_type="application/json", code=error.code)
