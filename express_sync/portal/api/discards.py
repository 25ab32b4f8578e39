"""The routes that discard failures: one, or a selection that was previewed."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from express_sync.portal.api.body import json_body
from express_sync.portal.api.context import identity_of, operators_only, portal_of, request_id_of
from express_sync.portal.api.contract import checked
from express_sync.portal.api.documents import entity_tag, names_tag, status_document
from express_sync.portal.api.problem import NOT_A_FAILURE, NOT_FOUND, Problem
from express_sync.portal.api.selection import selection_of
from express_sync.portal.bulk_discard import BulkDiscard, Discarded
from express_sync.portal.derivation import FAILURES
from express_sync.portal.parts import Portal
from express_sync.portal.store import discarding
from express_sync.portal.store.queries import History, history

_CHANGED = Problem(412, "changed", "The request has changed since the document with this ETag; read it again.")


@operators_only
async def discard_one(request: Request) -> Response:
    """Discard the failure of a request; with If-Match only if its document has not changed."""
    body = checked(await json_body(request), "DiscardOptions")
    if isinstance(body, Problem):
        return body.response()
    portal, by = portal_of(request), identity_of(request).name
    tags = request.headers.get("if-match", "")
    done = await run_in_threadpool(_discard, portal, request_id_of(request), by, tags)
    if isinstance(done, Problem):
        return done.response()
    portal.changed.notify()
    return JSONResponse(status_document(done, is_operator=True))


@operators_only
async def discard_many(request: Request) -> Response:
    """Discard the selected failures up to the position of a preview, or preview them."""
    body = checked(await json_body(request), "DiscardSelection")
    if isinstance(body, Problem):
        return body.response()
    portal = portal_of(request)
    bulk = BulkDiscard(portal.database, portal.clock, identity_of(request).name)
    is_preview = "upTo" not in body
    done = await run_in_threadpool(bulk.preview if is_preview else bulk.run, selection_of(body))
    portal.changed.notify()
    return JSONResponse(_document(done, is_preview=is_preview))


def _discard(portal: Portal, request_id: str, by: str, tags: str) -> History | Problem:
    with portal.database.writing() as connection:
        found = history(connection, request_id, None)
        if found is None:
            return NOT_FOUND
        if tags and not names_tag(tags, entity_tag(status_document(found, is_operator=True))):
            return _CHANGED
        if found.row["status"] not in FAILURES:
            return NOT_A_FAILURE
        discarding.record(connection, found.row, by, portal.clock())
        return history(connection, request_id, None) or NOT_FOUND


def _document(done: Discarded, *, is_preview: bool) -> dict[str, Any]:
    return {
        "preview": is_preview,
        "matched": done.matched,
        "discarded": done.discarded,
        "samples": done.samples,
        "upTo": done.up_to,
    }
