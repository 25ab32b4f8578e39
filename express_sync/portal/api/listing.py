"""The route that lists requests: filters, a search, and pages that continue at a cursor."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from express_sync.portal.api import cursor
from express_sync.portal.api.context import identity_of, owner_of, portal_of
from express_sync.portal.api.documents import summary
from express_sync.portal.api.parameters import DEFAULT_LIMIT, MAX_LIMIT, parameters, whole_number, wrong_filter
from express_sync.portal.api.problem import Problem
from express_sync.portal.parts import Portal
from express_sync.portal.store.queries import Criteria, newest, search

_FILTERS = ("status", "code", "requester", "discarded", "q")
_TRUTH = {"true": True, "false": False}
_FORGED = Problem(400, "bad-cursor", "The cursor does not belong to this query.")


async def list_requests(request: Request) -> Response:
    """Return a page of requests, the latest first, or those that a search finds."""
    portal, identity = portal_of(request), identity_of(request)
    found = parameters(request, (*_FILTERS, "limit", "cursor"))
    if isinstance(found, Problem):
        return found.response()
    limit = wrong_filter(found) or whole_number(found, "limit", DEFAULT_LIMIT, MAX_LIMIT)
    if isinstance(limit, Problem):
        return limit.response()
    owner = owner_of(identity)
    query = "\n".join([owner or "", *(f"{name}={found.get(name, '')}" for name in _FILTERS)])
    place = cursor.decode(portal.cursor_key, query, found["cursor"]) if "cursor" in found else None
    if "cursor" in found and place is None:
        return _FORGED.response()
    discarded = _TRUTH.get(found.get("discarded", ""))
    criteria = Criteria(found.get("status"), found.get("code"), found.get("requester"), owner, discarded)
    rows, following = await run_in_threadpool(_page, portal, criteria, found, place, limit)
    next_cursor = cursor.encode(portal.cursor_key, query, following) if following is not None else None
    return JSONResponse({"requests": [summary(row) for row in rows], "nextCursor": next_cursor})


def _page(portal: Portal, criteria: Criteria, found: Mapping[str, str], place: Any, limit: int) -> tuple[Any, Any]:
    """Return the rows of a page and the place where the next one begins, None after the last."""
    with portal.database.reading() as connection:
        if "q" in found:
            after = (place[0], tuple(place[1])) if place else None
            return search(connection, criteria, found["q"], after, limit)
        rows = newest(connection, criteria, place, limit + 1)
    page = rows[:limit]
    return page, page[-1]["ordinal"] if len(rows) > limit else None
