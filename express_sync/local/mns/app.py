"""MNS (SMQ), version 2015-06-06, over HTTP.

Reproduces: the queue, message, topic and subscription operations of the API at their paths, signed requests, XML
documents, every documented error; each module says how far it goes and what is unknown.
Does not reproduce: the control plane's API (mns-open 2022-01-19), signature V4, FIFO queues, SMQProxy (all are the
error NotEmulated), throttling by itself.
Chosen: a client that disconnects during a long poll receives no message; any other request that arrived whole is
carried out.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from express_sync.local.account import Account
from express_sync.local.admin import ADMIN_ERRORS
from express_sync.local.call_log import CallLog
from express_sync.local.crash_points import CrashPoints, Point
from express_sync.local.mns.admin import LoggedCall, admin_routes
from express_sync.local.mns.dispatcher import Delivery, Dispatcher, ResolvedOperation, resolve
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.protocol import Request, Response, new_request_id, read_request
from express_sync.local.mns.push.sender import HttpPush
from express_sync.local.not_emulated import NotEmulatedReports
from express_sync.local.server import disconnected, reset


def create_app(
    service: MessageService,
    account: Account,
    crash_points: CrashPoints,
    now: Callable[[], float] = time.time,
    *,
    reports: NotEmulatedReports | None = None,
    push: HttpPush | None = None,
) -> Starlette:
    """Serve `service` to the keys of `account`; signatures are checked at the time `now`, in epoch seconds.

    Without `push`, notifications of HTTP servers are dropped.
    """
    dispatcher = Dispatcher(service, account, now, reports or NotEmulatedReports())
    calls = CallLog[LoggedCall]()
    api = _Api(dispatcher, account, calls, crash_points, now)
    admin, served = admin_routes(dispatcher, calls, push), list[BaseRoute]([Mount("/", api)])
    if push:
        service.push = push.push
        served = [push.certificate_route(), *served]
    return Starlette(routes=[Mount("/_local", routes=admin), *served], exception_handlers=ADMIN_ERRORS)


class _Api:
    """The ASGI application of the signed API."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        account: Account,
        calls: CallLog[LoggedCall],
        crash_points: CrashPoints,
        now: Callable[[], float],
    ) -> None:
        self._dispatcher = dispatcher
        self._account = account
        self._calls = calls
        self._crash_points = crash_points
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await _read(HttpRequest(scope, receive))
        except ClientDisconnect:
            return
        resolved, request_id = resolve(request), new_request_id()
        sent, answered = self._points(request, resolved)
        await self._crash_points.report(sent)
        running = self._dispatcher.run(request, resolved, request_id)
        is_long_poll = resolved.operation is not None and resolved.operation.long_poll
        delivery = await (_unless_disconnected(running, receive) if is_long_poll else running)
        self._log(request, resolved, request_id, delivery)
        if isinstance(delivery.wire, Response):
            await _send(delivery.wire, request_id, send)
            await self._crash_points.report(answered)
            return
        if delivery.wire == "reset":
            reset(scope)
        await disconnected(receive)

    def _log(self, request: Request, resolved: ResolvedOperation, request_id: str, delivery: Delivery) -> None:
        response = delivery.wire if isinstance(delivery.wire, Response) else None
        self._calls.add(
            {
                "time": self._now(),
                "operation": resolved.name,
                "target": request.path,
                "fault": delivery.fault,
                "requestId": request_id,
                "status": response.status if response else None,
                "code": response.code if response else "",
            }
        )

    def _points(self, request: Request, resolved: ResolvedOperation) -> tuple[Point | None, Point | None]:
        role = self._account.role.access_key_id
        is_of_function = request.headers.get("authorization", "").startswith(f"MNS {role}:")
        operation = resolved.operation
        if operation is None or (operation.only_of_function and not is_of_function):
            return None, None
        return operation.sent_point, operation.answered_point


async def _read(request: HttpRequest) -> Request:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return read_request(request.method, path.decode("latin-1"), query, dict(request.headers), await request.body())


async def _send(response: Response, request_id: str, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers(request_id)})
    await send({"type": "http.response.body", "body": response.body.encode()})


async def _unless_disconnected(running: Coroutine[object, object, Delivery], receive: Receive) -> Delivery:
    """Return the delivery, or silence as soon as the client has disconnected."""
    run, disconnect = asyncio.create_task(running), asyncio.create_task(disconnected(receive))
    try:
        await asyncio.wait((run, disconnect), return_when=asyncio.FIRST_COMPLETED)
        return run.result() if run.done() else Delivery("silence")
    finally:
        run.cancel()
        disconnect.cancel()
        await asyncio.gather(run, disconnect, return_exceptions=True)
