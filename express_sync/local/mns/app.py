"""MNS (SMQ), version 2015-06-06, over HTTP.

Reproduces: the queue, message, topic and subscription operations of the API at their paths, signed requests, XML
documents, every documented error; each module says itself how far it goes and what is unknown.
Does not reproduce: account attributes, OpenService, the control plane's own API, TLS, throttling by itself.
Chosen: who leaves during a long poll takes no message along; any other request that arrived whole is carried out.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from express_sync.local.account import Account
from express_sync.local.crash_points import Point, Traffic
from express_sync.local.mns.admin import Control
from express_sync.local.mns.call_log import Entry, Journal
from express_sync.local.mns.dispatcher import OPERATIONS, Gateway, Meaning, Reply, meaning_of
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.faults import FaultQueue
from express_sync.local.mns.protocol import Answer, Request, new_request_id, read_request
from express_sync.local.server import reset

_POINTS: Mapping[str, tuple[Point | None, Point]] = {
    "PublishMessage": ("publish-sent", "publish-answered"),
    "SendMessage": (None, "requeue-answered"),
    "BatchSendMessage": (None, "requeue-answered"),
}
_SENDS = frozenset({"SendMessage", "BatchSendMessage"})
_LONG_POLLS = frozenset({"ReceiveMessage", "BatchReceiveMessage"})


def create_app(
    service: MessageService, account: Account, traffic: Traffic, now: Callable[[], float] = time.time
) -> Starlette:
    """Serve `service` to the keys of `account`; `now`, epoch seconds, is what signatures are held against."""
    faults, journal = FaultQueue(), Journal()
    control = Control(service, faults, journal, [operation.name for operation in OPERATIONS])
    api = _Api(Gateway(service, account, faults, now), account, journal, traffic, now)
    return Starlette(routes=[*control.routes(), Mount("/", api)])


class _Api:
    """The ASGI application of the signed API."""

    def __init__(
        self, gateway: Gateway, account: Account, journal: Journal, traffic: Traffic, now: Callable[[], float]
    ) -> None:
        self._gateway = gateway
        self._account = account
        self._journal = journal
        self._traffic = traffic
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await _read(HttpRequest(scope, receive))
        except ClientDisconnect:
            return
        meaning, request_id = meaning_of(request), new_request_id()
        sent, answered = self._points(request, meaning)
        await self._report(sent)
        replying = self._gateway.reply(request, meaning, request_id)
        reply = await (_unless_gone(replying, receive) if meaning.name in _LONG_POLLS else replying)
        self._note(request, meaning, request_id, reply)
        if isinstance(reply.wire, Answer):
            await _send(reply.wire, request_id, send)
            await self._report(answered)
            return
        if reply.wire == "reset":
            reset(scope)
        await _gone(receive)

    def _note(self, request: Request, meaning: Meaning, request_id: str, reply: Reply) -> None:
        answer = reply.wire if isinstance(reply.wire, Answer) else None
        self._journal.entries.append(
            Entry(
                time=self._now(),
                operation=meaning.name,
                target=request.path,
                fault=reply.fault.name,
                request_id=request_id,
                status=answer.status if answer else None,
                code=answer.code if answer else "",
            )
        )

    def _points(self, request: Request, meaning: Meaning) -> tuple[Point | None, Point | None]:
        is_of_function = request.headers.get("authorization", "").startswith(f"MNS {self._account.role.access_key_id}:")
        if meaning.name in _SENDS and not is_of_function:
            return None, None  # somebody submits requests, which is no step of the function's
        return _POINTS.get(meaning.name, (None, None))

    async def _report(self, point: Point | None) -> None:
        if point is not None:
            await self._traffic.report(point)


async def _read(request: HttpRequest) -> Request:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return read_request(request.method, path.decode("latin-1"), query, dict(request.headers), await request.body())


async def _send(answer: Answer, request_id: str, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers(request_id)})
    await send({"type": "http.response.body", "body": answer.body.encode()})


async def _gone(receive: Receive) -> None:
    """Return when the client has left, or the server has shut the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unless_gone(replying: Coroutine[object, object, Reply], receive: Receive) -> Reply:
    """The reply, or silence as soon as the client has left without it."""
    reply, gone = asyncio.create_task(replying), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((reply, gone), return_when=asyncio.FIRST_COMPLETED)
        return reply.result() if reply.done() else Reply("silence")
    finally:
        reply.cancel()
        gone.cancel()
        await asyncio.gather(reply, gone, return_exceptions=True)
