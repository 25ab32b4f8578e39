"""The ASGI application: routes, error handlers and guards."""

import logging
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from express_sync.portal.api import contract, discards, health, listing, metrics, replays, requests, stream
from express_sync.portal.api.guard import Guard, Names
from express_sync.portal.api.problem import Problem, http_problem
from express_sync.portal.parts import Portal
from express_sync.portal.principal import Authenticate

LOGGER = logging.getLogger(__name__)
_DATABASE = Problem(
    503, "database-unavailable", "The database cannot be used at the moment; try again.", {}, {"Retry-After": "5"}
)
ROUTES = (
    Route("/v1/requests", listing.list_requests, methods=["GET"]),
    Route("/v1/requests", requests.submit, methods=["POST"]),
    Route("/v1/requests/{request_id}", requests.show, methods=["GET"]),
    Route("/v1/requests/{request_id}/last_operation", requests.show_last_operation, methods=["GET"]),
    Route("/v1/requests/{request_id}/replay", replays.replay_one, methods=["POST"]),
    Route("/v1/requests/{request_id}/discard", discards.discard_one, methods=["POST"]),
    Route("/v1/failures", replays.list_failures, methods=["GET"]),
    Route("/v1/replays", replays.replay_many, methods=["POST"]),
    Route("/v1/discards", discards.discard_many, methods=["POST"]),
    Route("/v1/events", stream.stream_events, methods=["GET"]),
    Route("/v1/openapi.json", contract.show_openapi, methods=["GET"]),
    Route("/v1/schemas/{name}", contract.show_schema, methods=["GET"]),
    Route("/metrics", metrics.show_metrics, methods=["GET"]),
    Route("/healthz", health.healthz, methods=["GET"]),
    Route("/readyz", health.readyz, methods=["GET"]),
)


def create_app(portal: Portal, authenticate: Authenticate, names: Names, pages: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the application; `pages` are further routes, which need no identity."""
    registry = metrics.new_registry(portal)
    app = Starlette(
        routes=[*ROUTES, *pages],
        middleware=[
            Middleware(metrics.Measured, registry=registry),
            Middleware(Guard, names=names, authenticate=authenticate),
        ],
        exception_handlers={HTTPException: http_problem, SQLAlchemyError: _database_problem, Exception: http_problem},
    )
    app.state.portal = portal
    app.state.registry = registry
    return app


async def _database_problem(_request: Request, error: Exception) -> Response:
    LOGGER.error("The database cannot be used (%s).", type(error).__name__)
    return _DATABASE.response()
