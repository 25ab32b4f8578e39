"""Cloud Storage Gateway (sgw, version 2018-05-11) over HTTP, for express synchronization groups.

Reproduces: CreateExpressSync, DescribeExpressSyncs, DescribeSharesBucketInfoForExpressSync, DeleteExpressSync and
DescribeTasks at `/`, GET and POST, query and form parameters, both signatures of the API gateway, JSON and XML
responses, all documented errors; see the other modules for how far each goes.
Does not reproduce: the other operations (the error NotEmulated), quotas and throttling by itself (faults can throttle).
Chosen: a call that has arrived whole is carried out although its client leaves, as the real service cannot undo it.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as HttpResponse
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from express_sync.local import known_operations
from express_sync.local.account import Account
from express_sync.local.admin import ADMIN_ERRORS
from express_sync.local.crash_points import CrashPoints, Point
from express_sync.local.not_emulated import NotEmulatedReports
from express_sync.local.openapi.admission import Admission
from express_sync.local.openapi.request import Call
from express_sync.local.openapi.signatures import scheme_of
from express_sync.local.server import disconnected, reset, write
from express_sync.local.sgw.admin import admin_routes
from express_sync.local.sgw.dispatcher import Delivery, Dispatcher, LoggedCall, Sleep
from express_sync.local.sgw.groups import GroupService
from express_sync.local.sgw.operations import OPERATIONS
from express_sync.local.utc import utc_milliseconds

VERSION = "2018-05-11"
_EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </>; rel=preconnect\r\n\r\n"
_ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\nX-Padding: "
_TRICKLE_PAUSE_S = 0.1
_POINTS: Mapping[str, tuple[Point, Point]] = {"CreateExpressSync": ("create-sent", "create-answered")}


def create_app(
    groups: GroupService,
    account: Account,
    crash_points: CrashPoints,
    now: Callable[[], float] = time.time,
    sleep: Sleep = asyncio.sleep,
    *,
    reports: NotEmulatedReports | None = None,
) -> Starlette:
    """Serve `groups` to the keys of `account`; `now` is in seconds since the epoch, `sleep` takes seconds."""
    admission = Admission(account.keys(), OPERATIONS, VERSION, now, known_operations.names("sgw"))
    dispatcher = Dispatcher(groups, admission, sleep, reports or NotEmulatedReports())
    api = _Api(dispatcher, crash_points, now)
    return Starlette(
        routes=[Mount("/_local", routes=admin_routes(dispatcher)), Mount("/", api)], exception_handlers=ADMIN_ERRORS
    )


class _Api:
    """The ASGI application of the signed API."""

    def __init__(self, dispatcher: Dispatcher, crash_points: CrashPoints, now: Callable[[], float]) -> None:
        self._dispatcher = dispatcher
        self._crash_points = crash_points
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            call = await Call.read(Request(scope, receive))
        except ClientDisconnect:
            return
        sent, answered = _POINTS.get(call.action, (None, None))
        await self._crash_points.report(sent)
        delivery = await self._dispatcher.run(call, self._logged(call))
        await _deliver(delivery, scope, receive, send)
        if not isinstance(delivery, str):
            await self._crash_points.report(answered)

    def _logged(self, call: Call) -> LoggedCall:
        return self._dispatcher.calls.add(
            {
                "operation": call.action,
                "name": call.parameters.get("Name", ""),
                "code": None,
                "outcome": "pending",
                "fault": None,
                "requestId": str(uuid.uuid4()).upper(),
                "time": utc_milliseconds(self._now()),
                "accessKeyId": scheme_of(call).common("AccessKeyId"),
            }
        )


async def _deliver(delivery: Delivery, scope: Scope, receive: Receive, send: Send) -> None:
    if not isinstance(delivery, str):
        if delivery.early_hints:
            write(scope, _EARLY_HINTS)
        await HttpResponse(delivery.body, delivery.status, delivery.headers)(scope, receive, send)
        return
    if delivery == "reset":
        reset(scope)
    disconnect = asyncio.create_task(disconnected(receive))
    if delivery == "trickle":
        write(scope, _ENDLESS_HEAD)
    while not (await asyncio.wait({disconnect}, timeout=_TRICKLE_PAUSE_S if delivery == "trickle" else None))[0]:
        write(scope, b".")
