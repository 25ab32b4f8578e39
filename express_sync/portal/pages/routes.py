"""The routes of the pages: the static files, the document that configures them, and the local cloud's services."""

from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from express_sync.portal.api.context import identity_of
from express_sync.portal.api.guard import with_headers
from express_sync.portal.pages.compact_files import CompactFiles
from express_sync.portal.pages.local_cloud import LocalCloud
from express_sync.portal.pages.local_routes import local_routes
from handler.inbound.validation import SCHEMAS

_SITE = Path(__file__).with_name("site")
# Everything comes from this service, and no text can become a script, a style or markup.
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)
_HEADERS = {"Content-Security-Policy": "; ".join(_POLICY), "Cache-Control": "no-cache"}


def page_routes(local_cloud: LocalCloud | None = None) -> list[BaseRoute]:
    """Return the routes; with a local cloud the pages show it to operators."""

    async def config(request: Request) -> Response:
        identity = identity_of(request)
        who = {"name": identity.name, "role": identity.role}
        return JSONResponse({"identity": who, "local": local_cloud is not None})

    own = local_routes(local_cloud) if local_cloud else []
    return [
        Route("/v1/config", config, methods=["GET"]),
        *own,
        Mount("/forms", _files(SCHEMAS / "forms")),
        Mount("/", _files(_SITE)),
    ]


def _files(directory: Path) -> ASGIApp:
    files = GZipMiddleware(CompactFiles(directory=directory, html=True), minimum_size=100)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await files(scope, receive, with_headers(send, _HEADERS))

    return app
