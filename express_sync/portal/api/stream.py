"""The route of live events: server-sent events, continued after `Last-Event-ID`."""

import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from express_sync.portal.api.context import identity_of, owner_of, portal_of
from express_sync.portal.api.parameters import parameters
from express_sync.portal.api.problem import Problem
from express_sync.portal.parts import Portal
from express_sync.portal.principal import Identity, Refusal

LOGGER = logging.getLogger(__name__)
MAX_STREAMS = 1000
REAUTHENTICATION_SECONDS = 5
_PING_SECONDS = 15
_HEADERS = {"Cache-Control": "no-store"}
_BAD_ID = Problem(400, "bad-event-id", "Last-Event-ID is the id of an event of this stream.")
_FULL = Problem(503, "too-many-streams", "Too many streams are open; try again.", {}, {"Retry-After": "10"})


@dataclass(slots=True)
class Session:
    """The caller of a stream, which ends once the token is revoked or has expired."""

    request: Request
    checked_at: float = field(default_factory=time.monotonic)

    async def has_ended(self) -> bool:
        """Tell whether the caller would be refused by now; at most one look in REAUTHENTICATION_SECONDS."""
        if time.monotonic() - self.checked_at < REAUTHENTICATION_SECONDS:
            return False
        self.checked_at = time.monotonic()
        found: Identity | Refusal = await run_in_threadpool(self.request.state.authenticate_again)
        if isinstance(found, Identity):
            return found != identity_of(self.request)
        return found.status < 500  # a provider that cannot be reached has not refused the caller


async def stream_events(request: Request) -> Response:
    """Send the events of the log that the caller may see: those after Last-Event-ID, or those that come."""
    portal = portal_of(request)
    found = parameters(request, ())
    if isinstance(found, Problem):
        return found.response()
    last = request.headers.get("last-event-id", "").strip()
    if last and not (last.isascii() and last.isdigit() and len(last) <= 18):
        return _BAD_ID.response()
    if request.method == "HEAD":
        return Response(headers=_HEADERS, media_type="text/event-stream")
    if portal.tail.followers >= MAX_STREAMS:
        return _FULL.response()
    events = _events(portal, int(last) if last else None, Session(request))
    return EventSourceResponse(_until_lost(events), ping=_PING_SECONDS, headers=_HEADERS)


async def _until_lost(events: AsyncGenerator[ServerSentEvent, None]) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events until the database is lost; the client connects again, and continues after the last one."""
    try:
        async with aclosing(events):
            async for event in events:
                yield event
    except SQLAlchemyError as error:
        LOGGER.warning("A stream ends, because the database cannot be used (%s).", type(error).__name__)


async def _events(portal: Portal, position: int | None, session: Session) -> AsyncGenerator[ServerSentEvent, None]:
    owner = owner_of(identity_of(session.request))
    async with portal.tail.following():
        # An id beyond the end of the log is of another database: nothing could be missing.
        end = await portal.tail.end()
        place = end if position is None else min(position, end)
        yield ServerSentEvent(comment="connected", retry=2000)
        while not portal.changed.is_closing:
            found, place = await portal.tail.after(place, owner)
            if await session.has_ended():
                return
            for each in found:
                yield ServerSentEvent(each.text, event=each.kind, id=str(each.position))
