"""The route of live events: server-sent events, continued after `Last-Event-ID`."""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from express_sync.portal.api.context import identity_of, owner_of, portal_of
from express_sync.portal.api.parameters import parameters
from express_sync.portal.api.problem import Problem
from express_sync.portal.parts import Portal

MAX_STREAMS = 1000
_PING_SECONDS = 15
_BAD_ID = Problem(400, "bad-event-id", "Last-Event-ID is the id of an event of this stream.")
_FULL = Problem(503, "too-many-streams", "Too many streams are open; try again.", {}, {"Retry-After": "10"})


async def stream_events(request: Request) -> Response:
    """Send the events of the log that the caller may see: those after Last-Event-ID, or those that come."""
    portal, owner = portal_of(request), owner_of(identity_of(request))
    found = parameters(request, ())
    if isinstance(found, Problem):
        return found.response()
    last = request.headers.get("last-event-id", "")
    if last and not (last.isascii() and last.isdigit() and len(last) <= 18):
        return _BAD_ID.response()
    if portal.tail.followers >= MAX_STREAMS:
        return _FULL.response()
    events = _events(portal, int(last) if last else None, owner)
    return EventSourceResponse(events, ping=_PING_SECONDS, headers={"Cache-Control": "no-store"})


async def _events(portal: Portal, position: int | None, owner: str | None) -> AsyncIterator[ServerSentEvent]:
    async with portal.tail.following():
        # An id beyond the end of the log is of another database: nothing could be missing.
        end = await portal.tail.end()
        place = end if position is None else min(position, end)
        yield ServerSentEvent(comment="connected", retry=2000)
        while not portal.changed.is_closing:
            found, place = await portal.tail.after(place, owner)
            for each in found:
                yield ServerSentEvent(each.text, event=each.kind, id=str(each.position))
