"""The APIs of one function over HTTP, in both versions: invoking it, and looking at it and its triggers.

Reproduces: InvokeFunction of 2016-08-15 (in the service `express-sync`, which FC 2.0 paths need and the template does
not name; with or without the qualifier LATEST) and of 2023-03-30, signed, sync and async, with log tail and body
limits; a function error is HTTP 200 with `x-fc-error-type`; GetFunction and ListTriggers as far as `description` goes.
Does not reproduce: every other operation, async task ids, versions and aliases. A cloud without a function answers
FunctionNotFound. Unknown: the order of checks; here path, signature, function, invocation type, size.
"""

import base64
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.account import Account
from express_sync.local.fc.admin import Runtime, control_routes
from express_sync.local.fc.description import (
    Description,
    function_of_2016,
    function_of_2023,
    triggers_of_2016,
    triggers_of_2023,
)
from express_sync.local.fc.errors import Body, RefusalError, body_of_2016, body_of_2023
from express_sync.local.fc.fleet import new_request_id
from express_sync.local.fc.result import UNHANDLED, Answer
from express_sync.local.fc.signature import Keys, Signed, verify_acs3, verify_fc

SERVICE = "express-sync"
LIMITS = {"Sync": 32 * 1024 * 1024, "Async": 128 * 1024}

Endpoint = Callable[[Request], Awaitable[Response]]
Tell = Callable[[Description], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Version:
    """What differs between the two API versions."""

    verify: Callable[[Signed, Keys, float], None]
    error_body: Body


_2016 = _Version(verify_fc, body_of_2016)
_2023 = _Version(verify_acs3, body_of_2023)


def routes(runtime: Runtime | None, account: Account, clock: Callable[[], float] = time.time) -> list[BaseRoute]:
    """Every route of the FC port; `runtime` is None in a cloud without a function."""
    api = _Api(runtime, account, clock)
    return [
        *(control_routes(runtime) if runtime else []),
        Route(f"{_FUNCTION_2016}/invocations", api.endpoint(_2016), methods=["POST"]),
        Route(f"{_FUNCTION_2023}/invocations", api.endpoint(_2023), methods=["POST"]),
        *(Route(path, api.telling(version, tell), methods=["GET"]) for path, version, tell in _LOOKS),
        Route("/2016-08-15/{rest:path}", api.unsupported(_2016), methods=_METHODS),
        Route("/{rest:path}", api.unsupported(_2023), methods=_METHODS),
    ]


_FUNCTION_2016 = "/2016-08-15/services/{service}/functions/{function}"
_FUNCTION_2023 = "/2023-03-30/functions/{function}"
_LOOKS: Sequence[tuple[str, _Version, Tell]] = (
    (_FUNCTION_2016, _2016, function_of_2016),
    (f"{_FUNCTION_2016}/triggers", _2016, triggers_of_2016),
    (_FUNCTION_2023, _2023, function_of_2023),
    (f"{_FUNCTION_2023}/triggers", _2023, triggers_of_2023),
)
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class _Api:
    def __init__(self, runtime: Runtime | None, account: Account, clock: Callable[[], float]) -> None:
        self._runtime = runtime
        self._keys = account.keys()
        self._clock = clock

    def endpoint(self, version: _Version) -> Endpoint:
        """The InvokeFunction of one API version."""

        async def invoke(request: Request) -> Response:
            request_id = new_request_id()
            event = await request.body()
            try:
                version.verify(_signed(request, event), self._keys, self._clock())
                runtime = self._found(request)
                kind = _invocation_type(request)
                _check_size(event, kind)
            except RefusalError as refusal:
                return _refused(refusal, version, request_id)
            if kind == "Async":
                runtime.later.accept(event, request_id)
                return Response(status_code=202, headers={"x-fc-request-id": request_id})
            started = self._clock()
            answer = await runtime.fleet.invoke(event, request_id, "Sync")
            return _answered(answer, request_id, self._clock() - started, _wants_log(request))

        return invoke

    def telling(self, version: _Version, tell: Tell) -> Endpoint:
        """An operation of one API version that only looks."""

        async def answer(request: Request) -> Response:
            request_id = new_request_id()
            try:
                version.verify(_signed(request, await request.body()), self._keys, self._clock())
                described = self._found(request).description
            except RefusalError as refusal:
                return _refused(refusal, version, request_id)
            return JSONResponse(tell(described), headers={"x-fc-request-id": request_id})

        return answer

    def unsupported(self, version: _Version) -> Endpoint:
        """What every other path answers."""

        async def refuse(request: Request) -> Response:
            return _refused(
                RefusalError("PathNotSupported", request.method, request.url.path), version, new_request_id()
            )

        return refuse

    def _found(self, request: Request) -> Runtime:
        service, _, qualifier = request.path_params.get("service", SERVICE).partition(".")
        if service != SERVICE:
            raise RefusalError("ServiceNotFound", service)
        function = request.path_params["function"]
        if self._runtime is None or function != self._runtime.fleet.function.name:
            raise RefusalError("FunctionNotFound", function)
        qualifier = qualifier or request.query_params.get("qualifier") or "LATEST"
        if qualifier != "LATEST":
            raise RefusalError("AliasNotFound", qualifier, service)
        return self._runtime


def _signed(request: Request, body: bytes) -> Signed:
    return Signed(
        method=request.method,
        path=request.url.path,
        raw_path=request.scope["raw_path"].decode(),
        query=request.url.query,
        headers=request.headers,
        body=body,
    )


def _invocation_type(request: Request) -> str:
    kind = request.headers.get("x-fc-invocation-type") or "Sync"
    if kind not in LIMITS:
        raise RefusalError("InvalidArgument", f"invalid invocation type '{kind}'")
    return kind


def _check_size(event: bytes, kind: str) -> None:
    if len(event) > LIMITS[kind]:
        raise RefusalError("EntityTooLarge", LIMITS[kind])


def _wants_log(request: Request) -> bool:
    return request.headers.get("x-fc-log-type") == "Tail"


def _refused(refusal: RefusalError, version: _Version, request_id: str) -> Response:
    body = version.error_body(refusal, request_id)
    return JSONResponse(body, refusal.status, headers={"x-fc-request-id": request_id})


def _answered(answer: Answer, request_id: str, seconds: float, with_log: bool) -> Response:
    headers = {"x-fc-request-id": request_id, "x-fc-invocation-duration": str(round(seconds * 1000))}
    if not answer.succeeded:
        headers["x-fc-error-type"] = UNHANDLED
    if with_log:
        headers["x-fc-log-result"] = base64.b64encode(answer.log).decode()
    return Response(answer.body, headers=headers, media_type="application/octet-stream")
