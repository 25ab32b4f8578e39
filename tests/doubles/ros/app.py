"""ROS over HTTP: signed RPC calls at `/`, and the tests' own door at `/_local`.

Reproduces: GET and POST, parameters in query and form, both signatures of the API gateway with its checks, JSON
answers and error bodies. Does not reproduce: XML answers, TLS, quotas, regions other than the account's. A call for
another region is answered as for this one.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from express_sync.local.account import Account
from express_sync.local.openapi.admission import Gateway
from express_sync.local.openapi.request import Call
from express_sync.local.sgw.errors import Refusal
from tests.doubles.ros import errors
from tests.doubles.ros.lifecycle import Failure
from tests.doubles.ros.operations import OPERATIONS
from tests.doubles.ros.stacks import StackService

VERSION = "2019-09-10"


def create_app(account: Account, now: Callable[[], float] = time.time) -> Starlette:
    """Serve the stacks of `account`; `now` is in seconds since the epoch."""
    service = _Service(account, now)
    local = [
        Route("/faults", service.script, methods=["POST"]),
        Route("/pace", service.pace, methods=["POST"]),
        Route("/calls", service.calls, methods=["GET"]),
    ]
    return Starlette(routes=[Mount("/_local", routes=local), Route("/", service.call, methods=["GET", "POST"])])


class _Service:
    def __init__(self, account: Account, now: Callable[[], float]) -> None:
        self._stacks = StackService(account, now)
        self._gateway = Gateway(account.keys(), OPERATIONS, now, VERSION)
        self._scripted: dict[str, Refusal] = {}
        self._calls: list[Mapping[str, object]] = []

    async def call(self, request: Request) -> Response:
        """Answer a call of the API."""
        headers = {name: value.strip() for name, value in request.headers.items()}
        query: bytes = request.scope["query_string"]
        call = Call.read(request.method, request.scope["path"], query, headers, await request.body())
        refused = self._gateway.refusal(call) or self._scripted.pop(call.action, None)
        answer = refused or OPERATIONS[call.action](self._stacks, call.parameters)
        request_id = str(uuid.uuid4()).upper()
        code = answer.code if isinstance(answer, Refusal) else None
        self._calls.append({"operation": call.action, "code": code, "parameters": _shown(call)})
        if not isinstance(answer, Refusal):
            return JSONResponse({"RequestId": request_id, **answer})
        body = {"RequestId": request_id, "HostId": headers.get("host", ""), "Code": answer.code}
        return JSONResponse({**body, "Message": answer.message}, answer.status)

    async def script(self, request: Request) -> Response:
        """Have the next call of an operation refused with a code, or what it begins fail at a resource."""
        order = json.loads(await request.body())
        if "code" in order:
            self._scripted[order["operation"]] = errors.SCRIPTED[order["code"]]
        else:
            failure = Failure(order["resource"], order["reason"], order.get("ends", ""))
            self._stacks.failures[order["operation"]] = failure
        return JSONResponse({})

    async def pace(self, request: Request) -> Response:
        """Set how many steps a look at a stack takes; 0 holds everything."""
        self._stacks.steps_per_look = int(json.loads(await request.body())["steps"])
        return JSONResponse({})

    async def calls(self, _request: Request) -> Response:
        """Every call so far, without what signs it."""
        return JSONResponse(self._calls)


def _shown(call: Call) -> dict[str, str]:
    hidden = ("Signature", "SecurityToken", "AccessKeyId", "TemplateBody")
    return {name: value for name, value in call.parameters.items() if not name.startswith(hidden)}
