"""The admin API at `/_local`: faults, groups, call log, reset."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from express_sync.local.admin_request import AdminRequestError, json_object
from express_sync.local.api_error import ApiError
from express_sync.local.fault_routes import fault_routes
from express_sync.local.sgw.dispatcher import Dispatcher
from express_sync.local.sgw.operations import fields_of

_REQUIRED_GROUP_FIELDS = ("Name", "BucketName", "BucketRegion")
_GROUP_FIELDS = (*_REQUIRED_GROUP_FIELDS, "ExpressSyncId", "BucketPrefix", "Description", "MnsTopic")


def admin_routes(dispatcher: Dispatcher) -> list[Route]:
    """Return the routes below `/_local`."""

    async def list_groups(_request: Request) -> Response:
        return JSONResponse([fields_of(group) for group in dispatcher.groups.describe()])

    async def seed_group(request: Request) -> Response:
        return JSONResponse(_seed(dispatcher, json_object(await request.body(), _GROUP_FIELDS)))

    async def reset(_request: Request) -> Response:
        dispatcher.reset()
        return JSONResponse({})

    return [
        *fault_routes(dispatcher.faults),
        dispatcher.calls.route(),
        Route("/groups", list_groups, methods=["GET"]),
        Route("/groups", seed_group, methods=["POST"]),
        Route("/reset", reset, methods=["POST"]),
    ]


def _seed(dispatcher: Dispatcher, document: dict[str, Any]) -> dict[str, str]:
    parameters = _group_parameters(document)
    if parameters.get("ExpressSyncId") in {group.id for group in dispatcher.groups.describe()}:
        raise AdminRequestError("ExpressSyncId is taken")
    try:
        return fields_of(dispatcher.groups.seed(parameters))
    except ApiError as error:
        raise AdminRequestError(str(error)) from error


def _group_parameters(document: dict[str, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in document.values()):
        raise AdminRequestError("every field of a group must be a string")
    if absent := [name for name in _REQUIRED_GROUP_FIELDS if not document.get(name)]:
        raise AdminRequestError(f"missing: {', '.join(absent)}")
    return document
