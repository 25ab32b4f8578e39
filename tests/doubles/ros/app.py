"""ROS over HTTP: signed RPC calls at `/`, and the admin API at `/_local`.

Reproduces: GET and POST, parameters in query and form, both signatures of the API gateway with its checks, JSON
responses and error bodies. Does not reproduce: XML responses, regions other than the account's, and operations and
parameters that deploying does not use (all are the error NotEmulated), TLS, quotas.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from express_sync.local.account import Account
from express_sync.local.admin import ADMIN_ERRORS
from express_sync.local.admin_request import json_object
from express_sync.local.api_error import ApiError
from express_sync.local.call_log import CallLog
from express_sync.local.fault_routes import fault_routes
from express_sync.local.faults import FaultQueue, Kind
from express_sync.local.not_emulated import NotEmulatedError
from express_sync.local.openapi.admission import Admission
from express_sync.local.openapi.request import Call
from tests.doubles.ros import errors
from tests.doubles.ros.errors import FAULTS
from tests.doubles.ros.lifecycle import Failure
from tests.doubles.ros.operations import OPERATIONS, check_common, own_parameters, unknown_parameters
from tests.doubles.ros.stacks import Fields, StackService

VERSION = "2019-09-10"
_KINDS = {code: Kind("never", code) for code in FAULTS}


def create_app(account: Account, now: Callable[[], float] = time.time) -> Starlette:
    """Serve the stacks of `account`; `now` is in seconds since the epoch."""
    service = _Service(account, now)
    local = [
        *fault_routes(service.faults),
        service.calls.route(),
        Route("/failures", service.fail_resource, methods=["POST"]),
        Route("/pace", service.set_pace, methods=["POST"]),
    ]
    routes = [Mount("/_local", routes=local), Route("/", service.call, methods=["GET", "POST"])]
    return Starlette(routes=routes, exception_handlers=ADMIN_ERRORS)


class _Service:
    def __init__(self, account: Account, now: Callable[[], float]) -> None:
        self.faults: FaultQueue[str] = FaultQueue(_KINDS, tuple(OPERATIONS))
        self.calls: CallLog[dict[str, Any]] = CallLog()
        self._region = account.region
        self._stacks = StackService(account, now)
        self._answers: dict[str, tuple[tuple[str, Mapping[str, str]], Fields]] = {}
        self._admission = Admission(account.keys(), OPERATIONS, VERSION, now)

    async def call(self, request: Request) -> Response:
        """Respond to a call of the API."""
        call = await Call.read(request)
        logged = self.calls.add({"operation": call.action, "code": None, "parameters": _shown(call)})
        request_id = str(uuid.uuid4()).upper()
        try:
            return JSONResponse({"RequestId": request_id, **self._run(call)})
        except ApiError as error:
            logged["code"] = error.code
            body = {"RequestId": request_id, "HostId": call.headers.get("host", ""), "Code": error.code}
            return JSONResponse({**body, "Message": error.message}, error.status)

    async def fail_resource(self, request: Request) -> Response:
        """Let what the next call of an operation starts fail at a resource."""
        document = json_object(await request.body(), ("operation", "resource", "reason", "ends"))
        failure = Failure(document["resource"], document["reason"], document.get("ends", ""))
        self._stacks.failures[document["operation"]] = failure
        return JSONResponse({})

    async def set_pace(self, request: Request) -> Response:
        """Set how many steps GetStack advances a stack; with 0 nothing changes."""
        self._stacks.steps_per_look = int(json_object(await request.body(), ("steps",))["steps"])
        return JSONResponse({})

    def _run(self, call: Call) -> Fields:
        self._check_emulated(call)
        self._admission.check(call)
        if fault := self.faults.take(call.action, call.parameters.get("StackName")):
            raise ApiError(fault.wire, *FAULTS[fault.wire])
        check_common(call.parameters)
        return self._once(call)

    def _once(self, call: Call) -> Fields:
        """Perform the operation, or return the answer that an equal call with the same client token had."""
        token, asked = call.parameters.get("ClientToken", ""), own_parameters(call.parameters)
        if token in self._answers:
            before, answer = self._answers[token]
            if before != (call.action, asked):
                raise errors.mismatch(token)
            return answer
        answer = OPERATIONS[call.action].perform(self._stacks, call.parameters)
        if token:
            self._answers[token] = ((call.action, asked), answer)
        return answer

    def _check_emulated(self, call: Call) -> None:
        if call.action and call.action not in OPERATIONS:
            raise NotEmulatedError(f"the operation {call.action}")
        if call.action and (unknown := unknown_parameters(call.action, call.parameters)):
            raise NotEmulatedError(f"the parameter {unknown[0]} of {call.action}")
        if (region := call.parameters.get("RegionId", self._region)) != self._region:
            raise NotEmulatedError(f"the region {region}")
        if call.parameters.get("Format", "JSON") != "JSON":
            raise NotEmulatedError("XML responses")


def _shown(call: Call) -> dict[str, str]:
    hidden = ("Signature", "SecurityToken", "AccessKeyId", "TemplateBody")
    return {name: value for name, value in call.parameters.items() if not name.startswith(hidden)}
