"""The routes of requests: submit one, and follow it."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from express_sync.portal.api.body import json_body
from express_sync.portal.api.context import identity_of, owner_of, portal_of, request_id_of
from express_sync.portal.api.documents import last_operation, request_path, retry_after, status_document
from express_sync.portal.api.prefer import wait_seconds
from express_sync.portal.api.problem import NOT_FOUND, Problem, violated
from express_sync.portal.messages import new_submission
from express_sync.portal.parts import Portal
from express_sync.portal.principal import Identity
from express_sync.portal.store import submitting
from express_sync.portal.store.queries import History, history
from handler.inbound.validation import violations

_CONFLICT = Problem(409, "id-taken", "The requestId belongs to another request; choose another one.")


async def submit(request: Request) -> Response:
    """Accept a request: 202, or 200 once its status is terminal, if the caller prefers to wait."""
    portal, identity = portal_of(request), identity_of(request)
    body = await json_body(request)
    if isinstance(body, Problem):
        return body.response()
    document = _owned(body, identity)
    broken = violations(document)
    if broken:
        return violated(broken).response()
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not await run_in_threadpool(_accept, portal, document, headers):
        return _CONFLICT.response()
    portal.sender.wake()
    found = await _followed(portal, identity, document["requestId"], wait_seconds(request.headers.get("prefer", "")))
    if found is None:
        return NOT_FOUND.response()
    is_done = found.row["terminal"] and "wait" in request.headers.get("prefer", "")
    location = {"Location": request_path(document["requestId"])}
    return _status_response(request, found, identity, 200 if is_done else 202, location)


async def show(request: Request) -> Response:
    """Return the status document of a request; `Prefer: wait` waits for its end."""
    portal, identity = portal_of(request), identity_of(request)
    seconds = wait_seconds(request.headers.get("prefer", ""))
    found = await _followed(portal, identity, request_id_of(request), seconds)
    if found is None:
        return NOT_FOUND.response()
    return _status_response(request, found, identity, 200, {})


async def show_last_operation(request: Request) -> Response:
    """Return the state of a request in the words of Open Service Broker."""
    portal, identity = portal_of(request), identity_of(request)
    found = await run_in_threadpool(_read, portal, identity, request_id_of(request))
    if found is None:
        return NOT_FOUND.response()
    return JSONResponse(last_operation(found.row), headers=retry_after(found.row, portal.clock()))


def _owned(body: Any, identity: Identity) -> Any:
    """Return the document with the requester that the identity settles; an operator may name another one."""
    if not isinstance(body, dict) or (identity.is_operator and "requester" in body):
        return body
    return {**body, "requester": identity.name}


def _accept(portal: Portal, document: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    now = portal.clock()
    with portal.database.writing() as connection:
        is_recorded = submitting.accept(connection, document, new_submission(document, headers, now), now)
    portal.changed.notify()
    return is_recorded


def _read(portal: Portal, identity: Identity, request_id: str) -> History | None:
    with portal.database.reading() as connection:
        return history(connection, request_id, owner_of(identity))


async def _followed(portal: Portal, identity: Identity, request_id: str, seconds: int) -> History | None:
    """Return a request, once its status is terminal or the seconds are over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with portal.changed.watching() as changed:
        while True:
            changed.clear()
            found = await run_in_threadpool(_read, portal, identity, request_id)
            left = end - loop.time()
            if found is None or found.row["terminal"] or left <= 0 or portal.changed.is_closing:
                return found
            await portal.changed.wait(changed, left)


def _status_response(
    request: Request, found: History, identity: Identity, status: int, headers: Mapping[str, str]
) -> Response:
    document = status_document(found, is_operator=identity.is_operator)
    etag = f'"{hashlib.sha256(json.dumps(document).encode()).hexdigest()[:32]}"'
    extra = {"ETag": etag, "Cache-Control": "private, no-cache", **retry_after(found.row, portal_of(request).clock())}
    if request.method == "GET" and etag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=extra)
    return JSONResponse(document, status, headers={**extra, **headers})


def _tags(header: str) -> set[str]:
    return {each.strip().removeprefix("W/") for each in header.split(",")}
