"""The routes of a local cloud's services, for operators: the browser calls nothing but the portal."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.portal.api.body import json_body
from express_sync.portal.api.context import Endpoint, operators_only
from express_sync.portal.api.problem import Problem
from express_sync.portal.pages.local_cloud import LocalCloud, LocalCloudError

_OBJECT = Problem(400, "malformed", "The body is a JSON object.")


def local_routes(cloud: LocalCloud) -> list[BaseRoute]:
    """Return the routes below `/v1/local`."""

    def show_messages(request: Request) -> Any:
        return cloud.messages(request.path_params["queue"])

    return [
        Route("/v1/local/queues", _reading(lambda _request: cloud.queues()), methods=["GET"]),
        Route("/v1/local/queues/{queue}", _reading(show_messages), methods=["GET"]),
        Route("/v1/local/calls", _reading(lambda _request: cloud.calls()), methods=["GET"]),
        Route("/v1/local/logs", _reading(lambda _request: cloud.logs()), methods=["GET"]),
        Route("/v1/local/faults", _reading(lambda _request: cloud.faults()), methods=["GET"]),
        Route("/v1/local/faults", _reading(lambda _request: cloud.clear_faults()), methods=["DELETE"]),
        Route("/v1/local/faults", _writing(cloud.add_fault), methods=["POST"]),
        Route("/v1/local/kill", _writing(cloud.kill), methods=["POST"]),
    ]


def _reading(action: Callable[[Request], Any]) -> Endpoint:
    @operators_only
    async def endpoint(request: Request) -> Response:
        return await _answered(lambda: action(request))

    return endpoint


def _writing(action: Callable[[dict[str, Any]], Any]) -> Endpoint:
    @operators_only
    async def endpoint(request: Request) -> Response:
        body = await json_body(request)
        if isinstance(body, Problem):
            return body.response()
        if not isinstance(body, dict):
            return _OBJECT.response()
        return await _answered(lambda: action(body))

    return endpoint


async def _answered(action: Callable[[], Any]) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(action))
    except LocalCloudError as error:
        return Problem(error.status, "local-cloud", str(error)).response()
