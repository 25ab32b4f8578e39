"""Cloud Storage Gateway (sgw, version 2018-05-11) over HTTP, for express synchronization groups.

Reproduces: CreateExpressSync, DescribeExpressSyncs and DescribeSharesBucketInfoForExpressSync at `/`, GET and POST,
query and form parameters, both signatures of the API gateway, JSON and XML answers, all documented errors; see the
other modules for how far each goes.
Does not reproduce: the other operations, TLS, quotas and throttling by themselves (faults can throttle).
Chosen: a call that has arrived whole is carried out although its client leaves, as the real service has no
way back. Each module says itself what is unknown of what it reproduces.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from express_sync.local.account import Account
from express_sync.local.crash_points import Point, Traffic
from express_sync.local.openapi.admission import Gateway
from express_sync.local.openapi.request import Call
from express_sync.local.openapi.signatures import dialect
from express_sync.local.server import reset, write
from express_sync.local.sgw.admin import Control, UnusableError, explain
from express_sync.local.sgw.call_log import Entry, Journal
from express_sync.local.sgw.dispatcher import Answer, Service, Sleep
from express_sync.local.sgw.groups import GroupService
from express_sync.local.sgw.operations import OPERATIONS

_EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </>; rel=preconnect\r\n\r\n"
_ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\nX-Padding: "
_TRICKLE_PAUSE_S = 0.1
_POINTS: Mapping[str, tuple[Point, Point]] = {"CreateExpressSync": ("create-sent", "create-answered")}


def create_app(
    groups: GroupService,
    account: Account,
    traffic: Traffic,
    now: Callable[[], float] = time.time,
    sleep: Sleep = asyncio.sleep,
) -> Starlette:
    """Serve `groups` to the keys of `account`; `now` is in seconds since the epoch, `sleep` takes seconds."""
    service = Service(groups, Gateway(account.keys(), OPERATIONS, now), Journal(now), sleep)
    return Starlette(
        routes=[Mount("/_local", routes=Control(service).routes()), Mount("/", _Api(service, traffic))],
        exception_handlers={UnusableError: explain},
    )


class _Api:
    """The ASGI application of the signed API."""

    def __init__(self, service: Service, traffic: Traffic) -> None:
        self._service = service
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            call = await _call(Request(scope, receive))
        except ClientDisconnect:
            return
        sent, answered = _POINTS.get(call.action, (None, None))
        await self._report(sent)
        answer = await self._service.answer(call, self._entry(call))
        await _deliver(answer, scope, receive, send)
        if not isinstance(answer, str):
            await self._report(answered)

    def _entry(self, call: Call) -> Entry:
        key_id = dialect(call).common("AccessKeyId")
        return self._service.journal.open(call.action, call.parameters.get("Name", ""), key_id, _request_id())

    async def _report(self, point: Point | None) -> None:
        if point is not None:
            await self._traffic.report(point)


async def _call(request: Request) -> Call:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
    query: bytes = request.scope["query_string"]
    return Call.read(request.method, request.scope["path"], query, headers, await request.body())


async def _deliver(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    if not isinstance(answer, str):
        if answer.early_hints:
            write(scope, _EARLY_HINTS)
        await Response(answer.body, answer.status, answer.headers)(scope, receive, send)
        return
    if answer == "reset":
        reset(scope)
    departure = asyncio.create_task(_departure(receive))
    if answer == "trickle":
        write(scope, _ENDLESS_HEAD)
    while not (await asyncio.wait({departure}, timeout=_TRICKLE_PAUSE_S if answer == "trickle" else None))[0]:
        write(scope, b".")


async def _departure(receive: Receive) -> None:
    """Return once the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _request_id() -> str:
    return str(uuid.uuid4()).upper()
