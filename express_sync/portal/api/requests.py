"""The routes of requests: submit one, and follow it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from express_sync.portal.api.body import json_body
from express_sync.portal.api.context import identity_of, owner_of, portal_of, request_id_of
from express_sync.portal.api.documents import (
    entity_tag,
    last_operation,
    names_tag,
    request_path,
    retry_after,
    status_document,
)
from express_sync.portal.api.prefer import wait_seconds
from express_sync.portal.api.problem import NOT_FOUND, Problem, violated
from express_sync.portal.messages import new_submission
from express_sync.portal.notification import wait
from express_sync.portal.parts import Portal
from express_sync.portal.principal import Identity
from express_sync.portal.store import submitting
from express_sync.portal.store.queries import History, history, visible_request
from handler.inbound.validation import violations

T = TypeVar("T")
_CONFLICT = Problem(409, "id-taken", "The requestId belongs to another request; choose another one.")


async def submit(request: Request) -> Response:
    """Accept a request: 202, or 200 once its status is terminal, if the caller prefers to wait."""
    portal, identity, seconds = portal_of(request), identity_of(request), wait_seconds(request.headers)
    body = await json_body(request)
    if isinstance(body, Problem):
        return body.response()
    document = _owned(body, identity)
    broken = violations(document)
    if broken:
        return violated(broken).response()
    if not await run_in_threadpool(_accept, portal, document, request.headers, identity):
        return _CONFLICT.response()
    portal.sender.wake()
    found = await _followed(portal, identity, document["requestId"], seconds)
    if found is None:
        return NOT_FOUND.response()
    is_done = found.row["terminal"] and seconds is not None
    location = {"Location": request_path(document["requestId"])}
    return _status_response(request, found, identity, 200 if is_done else 202, location)


async def show(request: Request) -> Response:
    """Return the status document of a request; `Prefer: wait` waits for its end."""
    portal, identity = portal_of(request), identity_of(request)
    found = await _followed(portal, identity, request_id_of(request), wait_seconds(request.headers))
    if found is None:
        return NOT_FOUND.response()
    return _status_response(request, found, identity, 200, {})


async def show_last_operation(request: Request) -> Response:
    """Return the state of a request in the words of Open Service Broker."""
    portal, identity = portal_of(request), identity_of(request)
    row = await run_in_threadpool(_read, portal, visible_request, request_id_of(request), identity)
    if row is None:
        return NOT_FOUND.response()
    return JSONResponse(last_operation(row), headers=retry_after(row, portal.clock()))


def _owned(body: Any, identity: Identity) -> Any:
    """Return the document with the requester that the identity settles; an operator may name another one."""
    if not isinstance(body, dict) or (identity.is_operator and "requester" in body):
        return body
    return {**body, "requester": identity.name}


def _accept(portal: Portal, document: Mapping[str, Any], headers: Mapping[str, str], identity: Identity) -> bool:
    now = portal.clock()
    envelope = new_submission(document, headers, now)
    with portal.database.writing() as connection:
        is_recorded = submitting.accept(connection, document, envelope, now, may_claim=identity.is_operator)
    portal.changed.notify()
    return is_recorded


def _read(portal: Portal, query: Callable[[Connection, str, str | None], T], request_id: str, identity: Identity) -> T:
    """Return what a query finds on a request that the caller may see."""
    with portal.database.reading() as connection:
        return query(connection, request_id, owner_of(identity))


async def _followed(portal: Portal, identity: Identity, request_id: str, seconds: int | None) -> History | None:
    """Return a request, once its status is terminal or the seconds are over."""
    if seconds:
        await _ended(portal, identity, request_id, seconds)
    return await run_in_threadpool(_read, portal, history, request_id, identity)


async def _ended(portal: Portal, identity: Identity, request_id: str, seconds: int) -> None:
    """Return once the status is terminal or the seconds are over; each change of the log costs one lookup only."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with portal.changed.watching() as changed:
        while not portal.changed.is_closing and (left := end - loop.time()) > 0:
            changed.clear()
            row = await run_in_threadpool(_read, portal, visible_request, request_id, identity)
            if row is None or row["terminal"]:
                return
            await wait(changed, left)


def _status_response(
    request: Request, found: History, identity: Identity, status: int, headers: Mapping[str, str]
) -> Response:
    document = status_document(found, is_operator=identity.is_operator)
    etag = entity_tag(document)
    extra = {"ETag": etag, "Cache-Control": "private, no-cache", **retry_after(found.row, portal_of(request).clock())}
    if request.method == "GET" and names_tag(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=extra)
    return JSONResponse(document, status, headers={**extra, **headers})
