"""The APIs of one function over HTTP in both versions: invoking it, and describing it and its triggers.

Reproduces: InvokeFunction of 2016-08-15 (in the service `express-sync`, which FC 2.0 paths need and the template does
not name; with or without the qualifier LATEST) and of 2023-03-30, signed, sync and async, with log tail and body
limits and de-duplicated task ids; a function error is HTTP 200 with `x-fc-error-type`; GetFunction, ListFunctions,
GetTrigger and ListTriggers as far as `description` goes.
Does not reproduce: every other operation (the error NotEmulated), versions and aliases. A cloud without a function
answers FunctionNotFound and an empty list. Unknown: the order of checks; here path, signature, function, invocation
type, task id, size. Believed: a qualifier of digits is a version, any other an alias.
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
from express_sync.local.api_error import ApiError
from express_sync.local.fc.admin import admin_routes
from express_sync.local.fc.description import (
    Description,
    function_of_2016,
    function_of_2023,
    trigger_of_2016,
    trigger_of_2023,
    triggers_of_2016,
    triggers_of_2023,
)
from express_sync.local.fc.errors import Body, FcError, body_of_2016, body_of_2023
from express_sync.local.fc.instance_pool import new_request_id
from express_sync.local.fc.parameters import (
    SERVICE,
    check_service,
    check_size,
    invocation_type,
    task_headers,
    task_id,
    wants_log,
)
from express_sync.local.fc.result import UNHANDLED, InvocationResult
from express_sync.local.fc.runtime import Runtime
from express_sync.local.fc.signature import Keys, verify_acs3, verify_fc
from express_sync.local.known_operations import operation_at
from express_sync.local.not_emulated import NotEmulatedError, NotEmulatedReports
from express_sync.local.openapi.request import Call

# In both versions.
EMULATED = frozenset({"GetFunction", "GetTrigger", "InvokeFunction", "ListFunctions", "ListTriggers"})

Endpoint = Callable[[Request], Awaitable[Response]]
Operation = Callable[[Request, str], Awaitable[Response]]
Describe = Callable[[Description, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Version:
    """What differs between the two API versions."""

    verify: Callable[[Call, Keys, float], None]
    error_body: Body
    table: str


_2016 = _Version(verify_fc, body_of_2016, "fc2")
_2023 = _Version(verify_acs3, body_of_2023, "fc")


def routes(
    runtime: Runtime | None,
    account: Account,
    clock: Callable[[], float] = time.time,
    reports: NotEmulatedReports | None = None,
) -> list[BaseRoute]:
    """Return all routes of the FC port; `runtime` is None in a cloud without a function."""
    api = _Api(runtime, account, clock, reports or NotEmulatedReports())
    return [
        *(admin_routes(runtime) if runtime else []),
        Route(f"{_FUNCTION_2016}/invocations", api.invoking(_2016), methods=["POST"]),
        Route(f"{_FUNCTION_2023}/invocations", api.invoking(_2023), methods=["POST"]),
        *(Route(path, api.describing(version, of), methods=["GET"]) for path, version, of in _DESCRIPTIONS),
        Route("/2016-08-15/services/{service}/functions", api.listing(_2016, function_of_2016), methods=["GET"]),
        Route("/2023-03-30/functions", api.listing(_2023, function_of_2023), methods=["GET"]),
        Route("/2016-08-15/{rest:path}", api.unsupported(_2016), methods=_METHODS),
        Route("/{rest:path}", api.unsupported(_2023), methods=_METHODS),
    ]


_FUNCTION_2016 = "/2016-08-15/services/{service}/functions/{function}"
_FUNCTION_2023 = "/2023-03-30/functions/{function}"
_DESCRIPTIONS: Sequence[tuple[str, _Version, Describe]] = (
    (_FUNCTION_2016, _2016, function_of_2016),
    (f"{_FUNCTION_2016}/triggers", _2016, triggers_of_2016),
    (_FUNCTION_2023, _2023, function_of_2023),
    (f"{_FUNCTION_2023}/triggers", _2023, triggers_of_2023),
    (f"{_FUNCTION_2016}/triggers/{{trigger}}", _2016, trigger_of_2016),
    (f"{_FUNCTION_2023}/triggers/{{trigger}}", _2023, trigger_of_2023),
)
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


class _Api:
    def __init__(
        self, runtime: Runtime | None, account: Account, clock: Callable[[], float], reports: NotEmulatedReports
    ) -> None:
        self._runtime = runtime
        self._keys = account.keys()
        self._clock = clock
        self._reports = reports

    def invoking(self, version: _Version) -> Endpoint:
        """Return InvokeFunction of one API version."""

        async def invoke(request: Request, request_id: str) -> Response:
            event = (await self._verified(request, version)).body
            runtime, kind = self._found(request), invocation_type(request)
            task = task_id(request)
            check_size(event, kind)
            if kind == "Async":
                if not runtime.async_invocations.claim(task):
                    raise FcError("StatefulAsyncInvocationAlreadyExists", task)
                runtime.async_invocations.accept(event, request_id)
                return Response(status_code=202, headers={"x-fc-request-id": request_id} | task_headers(request, task))
            started = self._clock()
            result = await runtime.pool.invoke(event, request_id, "Sync")
            response = _invoked(result, request_id, self._clock() - started, wants_log(request))
            response.headers["x-fc-code-checksum"] = runtime.description.code.checksum
            return response

        return self._endpoint(invoke, version)

    def describing(self, version: _Version, describe: Describe) -> Endpoint:
        """Return an operation of one API version that describes the function."""

        async def respond(request: Request, request_id: str) -> Response:
            await self._verified(request, version)
            description = self._found(request).description
            document = describe(description, request.path_params.get("trigger", ""))
            return JSONResponse(document, headers={"x-fc-request-id": request_id})

        return self._endpoint(respond, version)

    def listing(self, version: _Version, describe: Describe) -> Endpoint:
        """Return ListFunctions of one API version: the function, if there is one and `prefix` matches its name."""

        async def respond(request: Request, request_id: str) -> Response:
            await self._verified(request, version)
            check_service(request)
            described = self._runtime.description if self._runtime else None
            is_wanted = described and described.function.name.startswith(request.query_params.get("prefix", ""))
            found = [describe(described, "")] if described and is_wanted else []
            return JSONResponse({"functions": found}, headers={"x-fc-request-id": request_id})

        return self._endpoint(respond, version)

    def unsupported(self, version: _Version) -> Endpoint:
        """Return the endpoint of every other path."""

        async def refuse(request: Request, _request_id: str) -> Response:
            if request.url.path.startswith("/2021-04-06/"):
                raise NotEmulatedError("API version 2021-04-06 of Function Compute")
            path = request.scope["raw_path"].decode("latin-1").rstrip("/")
            if operation := operation_at(version.table, request.method, path):
                raise NotEmulatedError(f"{operation} of Function Compute")
            raise FcError("PathNotSupported", request.method, request.url.path)

        return self._endpoint(refuse, version)

    def _endpoint(self, operation: Operation, version: _Version) -> Endpoint:
        """Return `operation` with its errors in the form of `version`."""

        async def endpoint(request: Request) -> Response:
            request_id = new_request_id()
            try:
                return await operation(request, request_id)
            except ApiError as error:
                self._reports.note(error)
                body = version.error_body(error, request_id)
                return JSONResponse(body, error.status, headers={"x-fc-request-id": request_id})

        return endpoint

    async def _verified(self, request: Request, version: _Version) -> Call:
        call = await Call.read(request)
        version.verify(call, self._keys, self._clock())
        return call

    def _found(self, request: Request) -> Runtime:
        qualifier = check_service(request)
        function = request.path_params["function"]
        if self._runtime is None or function != self._runtime.pool.function.name:
            raise FcError("FunctionNotFound", function)
        qualifier = qualifier or request.query_params.get("qualifier") or "LATEST"
        if qualifier != "LATEST":
            raise FcError("VersionNotFound" if qualifier.isdigit() else "AliasNotFound", qualifier, SERVICE)
        return self._runtime


def _invoked(result: InvocationResult, request_id: str, seconds: float, with_log: bool) -> Response:
    headers = {
        "x-fc-request-id": request_id,
        "x-fc-invocation-duration": str(round(seconds * 1000)),
        "x-fc-instance-id": result.instance_id,
        "x-fc-max-memory-usage": str(result.memory_mb),
        "x-fc-invocation-service-version": "LATEST",
    }
    if not result.succeeded:
        headers["x-fc-error-type"] = UNHANDLED
    if with_log:
        headers["x-fc-log-result"] = base64.b64encode(result.log).decode()
    return Response(result.body, headers=headers, media_type="application/octet-stream")
