"""A read-only page with the state of the local cloud, and its JSON. The page loads nothing from other hosts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.sgw.groups import GroupService

State = dict[str, Any]
_PAGE = Path(__file__).with_name("console.html")
MAX_SHOWN = 50


def console_routes(state: Callable[[], State]) -> list[BaseRoute]:
    """Return the routes `/` for people and `/_local/state` for the page; `state` is called for every request."""
    page = _PAGE.read_text(encoding="utf-8")

    async def show(_request: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    async def current(_request: Request) -> Response:
        return JSONResponse(state(), headers={"Cache-Control": "no-store"})

    return [Route("/", show), Route("/_local/state", current)]


_POLICY = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def state_of(
    messages: MessageService,
    groups: GroupService,
    invocations: Sequence[State],
    triggers: Sequence[State],
    timers: Sequence[State],
) -> State:
    """Return queues with counts by state, groups, recent invocations, triggers and timers; newest first.

    Of the successful invocations by timers only the latest is shown: they would soon hide all others.
    """
    described = groups.describe()
    return {
        "queues": [_queue(messages, queue.name) for queue in messages.queues.all_queues()],
        "groups": [
            {"id": group.id, "name": group.name, "bucket": group.bucket, "region": group.region, "prefix": group.prefix}
            for group in reversed(described[-MAX_SHOWN:])
        ],
        "groupCount": len(described),
        "invocations": _notable(invocations)[:MAX_SHOWN],
        "triggers": list(triggers),
        "timers": list(timers),
    }


def _notable(invocations: Sequence[State]) -> list[State]:
    """Return the invocations, newest first, with one at most of the successful ones by timers."""
    found: list[State] = []
    has_quiet = False
    for each in reversed(invocations):
        is_quiet = (each["type"], each["outcome"]) == ("Timer", "succeeded")
        if not (is_quiet and has_quiet):
            found.append(each)
        has_quiet |= is_quiet
    return found


def _queue(messages: MessageService, name: str) -> State:
    counts = messages.queues.counts(name)
    return {"name": name, **{state: counts[state] for state in ("active", "inactive", "delayed")}}
