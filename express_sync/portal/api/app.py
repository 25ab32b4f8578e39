"""The ASGI application: routes, error handlers and guards."""

from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from express_sync.portal.api import health, requests
from express_sync.portal.api.guard import Guard, Names
from express_sync.portal.api.problem import Problem, http_problem
from express_sync.portal.parts import Portal
from express_sync.portal.principal import Authenticate

_DATABASE = Problem(
    503, "database-unavailable", "The database cannot be used at the moment; try again.", {}, {"Retry-After": "5"}
)
ROUTES = (
    Route("/v1/requests", requests.submit, methods=["POST"]),
    Route("/v1/requests/{request_id}", requests.show, methods=["GET"]),
    Route("/v1/requests/{request_id}/last_operation", requests.show_last_operation, methods=["GET"]),
    Route("/healthz", health.healthz, methods=["GET"]),
    Route("/readyz", health.readyz, methods=["GET"]),
)


def create_app(portal: Portal, authenticate: Authenticate, names: Names, pages: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the application; `pages` are further routes, which need no identity."""
    app = Starlette(
        routes=[*ROUTES, *pages],
        middleware=[Middleware(Guard, names=names, authenticate=authenticate)],
        exception_handlers={HTTPException: http_problem, SQLAlchemyError: _database_problem, Exception: http_problem},
    )
    app.state.portal = portal
    return app


async def _database_problem(_request: Request, error: Exception) -> Response:
    structlog.get_logger().error("portal_database_error", error=type(error).__name__)
    return _DATABASE.response()
