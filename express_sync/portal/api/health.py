"""Whether the service lives, and whether it is ready to serve."""

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from express_sync.portal.api.context import portal_of
from express_sync.portal.parts import Portal
from express_sync.portal.store import feed


async def healthz(_request: Request) -> Response:
    """Return 200 while the process serves requests."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Return 200 if the database and both queues can be used, else 503; the parts are named."""
    portal = portal_of(request)
    parts = {
        "database": await run_in_threadpool(_can_read, portal),
        "outcomes": not portal.receiver.counts.is_failing,
        "requests": not portal.sender.is_failing,
    }
    status = 200 if all(parts.values()) else 503
    return JSONResponse({name: "ok" if is_fine else "failing" for name, is_fine in parts.items()}, status)


def _can_read(portal: Portal) -> bool:
    try:
        with portal.database.reading() as connection:
            feed.position(connection)
    except SQLAlchemyError:
        return False
    return True
