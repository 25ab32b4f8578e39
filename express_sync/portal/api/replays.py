"""The routes of failures: groups by error code, one replay, and replays of a selection."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from express_sync.portal.api import problem
from express_sync.portal.api.body import json_body
from express_sync.portal.api.context import operators_only, portal_of, request_id_of
from express_sync.portal.api.documents import request_path, retry_after, status_document
from express_sync.portal.api.edits import Options, options_of
from express_sync.portal.api.parameters import parameters
from express_sync.portal.api.problem import NOT_FOUND, Problem, violated
from express_sync.portal.api.selection import wish_of
from express_sync.portal.bulk_replay import BulkReplay, Progress
from express_sync.portal.clock import to_text
from express_sync.portal.derivation import FAILURES
from express_sync.portal.parts import Portal
from express_sync.portal.replaying import NOT_A_FAILURE, TERMINAL, NotReplayed, edited
from express_sync.portal.store import submitting
from express_sync.portal.store.queries import History, failure_groups, history
from handler.model import Refused
from handler.provisioning.errors import error_info, is_retryable

_REFUSALS = {
    NOT_A_FAILURE: problem.NOT_A_FAILURE,
    TERMINAL: Problem(
        409, TERMINAL, "The same request fails in the same way until the cause is fixed; then send force: true."
    ),
}


@operators_only
async def list_failures(request: Request) -> Response:
    """Return the failures that hold now, grouped by status and error code, each with what to do."""
    found = parameters(request, ())
    if isinstance(found, Problem):
        return found.response()
    return JSONResponse({"groups": await run_in_threadpool(_groups, portal_of(request))})


@operators_only
async def replay_one(request: Request) -> Response:
    """Send a failed request again."""
    options = options_of(await json_body(request), "ReplayOptions")
    if isinstance(options, Problem):
        return options.response()
    portal = portal_of(request)
    done = await run_in_threadpool(_replay, portal, request_id_of(request), options)
    if isinstance(done, Problem):
        return done.response()
    portal.sender.wake()
    portal.changed.notify()
    headers = {"Location": request_path(done.row["request_id"]), **retry_after(done.row, portal.clock())}
    return JSONResponse(status_document(done, is_operator=True), 202, headers=headers)


@operators_only
async def replay_many(request: Request) -> Response:
    """Send all selected failures again, or count them."""
    portal = portal_of(request)
    wish = wish_of(await json_body(request), portal.cursor_key)
    if isinstance(wish, Problem):
        return wish.response()
    bulk = BulkReplay(portal.database, portal.clock)
    progress = await run_in_threadpool(bulk.preview if wish.is_preview else bulk.run, wish)
    portal.sender.wake()
    portal.changed.notify()
    return JSONResponse(
        _progress_document(progress, wish.cursor_for(progress.following)), 200 if wish.is_preview else 202
    )


def _replay(portal: Portal, request_id: str, options: Options) -> History | Problem:
    now = portal.clock()
    with portal.database.writing() as connection:
        found = history(connection, request_id, None)
        if found is None:
            return NOT_FOUND
        if found.latest is None or found.row["status"] not in FAILURES:
            return _REFUSALS[NOT_A_FAILURE]
        made = edited(found.latest["body"], options.edits, now, force=options.force)
        if isinstance(made, NotReplayed):
            return _REFUSALS.get(made.reason) or violated(made.violations)
        submitting.replay(connection, made.document, made.envelope, now)
        return history(connection, request_id, None) or NOT_FOUND


def _groups(portal: Portal) -> list[dict[str, Any]]:
    with portal.database.reading() as connection:
        rows = failure_groups(connection, FAILURES)
    return [_group(row) for row in rows]


def _group(row: Mapping[Any, Any]) -> dict[str, Any]:
    info = error_info(row["code"], None)
    query = urlencode({"status": row["status"], "code": row["code"], "discarded": "false"})
    return {
        "status": row["status"],
        "code": row["code"],
        "count": row["count"],
        "latestAt": to_text(row["latest_at"]),
        "message": info.message,
        "hint": info.hint,
        "retryable": is_retryable(Refused(row["code"], info.http_status)),
        "links": {"requests": f"/v1/requests?{query}"},
    }


def _progress_document(progress: Progress, next_cursor: str | None) -> dict[str, Any]:
    return {
        "preview": progress.is_preview,
        "matched": progress.matched,
        "matchedIsCut": progress.is_cut,
        "replayed": progress.replayed,
        "repeated": progress.repeated,
        "refused": dict(progress.refused),
        "samples": list(progress.samples),
        "upTo": progress.up_to,
        "lastDueAt": to_text(progress.last_due_ms),
        "nextCursor": next_cursor,
    }
