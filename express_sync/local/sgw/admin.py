"""The tests' own door, `/_local/*`: queue and forget faults, see and seed groups, see calls, reset. Needs no signature.

Nothing here exists in the cloud. Bodies and answers are JSON; what cannot be used is refused with 400 and a
JSON object whose `message` says why.
"""

import json
from collections.abc import Collection
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from express_sync.local.sgw.dispatcher import Service
from express_sync.local.sgw.errors import Refusal
from express_sync.local.sgw.faults import Fault, parse
from express_sync.local.sgw.operations import OPERATIONS, fields_of

_FAULT_FIELDS = ("name", "operation", "faults", "count")
_NEEDED_GROUP_FIELDS = ("Name", "BucketName", "BucketRegion")
_GROUP_FIELDS = (*_NEEDED_GROUP_FIELDS, "ExpressSyncId", "BucketPrefix", "Description", "MnsTopic")
_COUNT_LIMIT = 10_000

Document = dict[str, object]


class UnusableError(ValueError):
    """What was asked at this door cannot be done; the message is the sentence that says why."""


class _Order(NamedTuple):
    operation: str
    name_glob: str
    faults: list[Fault]


class Control:
    """The endpoints of the door to one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """Name the endpoints' methods, and their paths below `/_local`."""
        return [
            Route("/faults", self._queue_faults, methods=["POST"]),
            Route("/faults", self._forget_faults, methods=["DELETE"]),
            Route("/groups", self._list_groups, methods=["GET"]),
            Route("/groups", self._seed_group, methods=["POST"]),
            Route("/calls", self._list_calls, methods=["GET"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]

    async def _queue_faults(self, request: Request) -> Response:
        order = _order(_document(await request.body(), _FAULT_FIELDS))
        self._service.faults.queue(order.operation, order.name_glob, order.faults)
        return JSONResponse({"queued": len(order.faults)})

    async def _forget_faults(self, _request: Request) -> Response:
        self._service.faults.reset()
        return JSONResponse({})

    async def _list_groups(self, _request: Request) -> Response:
        return JSONResponse([fields_of(group) for group in self._service.groups.describe()])

    async def _seed_group(self, request: Request) -> Response:
        parameters = _group_parameters(_document(await request.body(), _GROUP_FIELDS))
        groups = self._service.groups
        if parameters.get("ExpressSyncId") in {group.id for group in groups.describe()}:
            raise UnusableError("ExpressSyncId is taken")
        stored = groups.seed(parameters)
        if isinstance(stored, Refusal):
            raise UnusableError(f"{stored.code}: {stored.message}")
        return JSONResponse(fields_of(stored))

    async def _list_calls(self, _request: Request) -> Response:
        return JSONResponse([entry.document() for entry in self._service.journal.entries])

    async def _reset(self, _request: Request) -> Response:
        self._service.reset()
        return JSONResponse({})


async def explain(_request: Request, error: Exception) -> Response:
    """Answer an UnusableError."""
    return JSONResponse({"message": str(error)}, status_code=400)


def _document(body: bytes, allowed: Collection[str]) -> Document:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise UnusableError("the body must be a JSON object") from error
    if not isinstance(document, dict):
        raise UnusableError("the body must be a JSON object")
    if strange := sorted(document.keys() - set(allowed)):
        raise UnusableError(f"unknown: {', '.join(strange)}; allowed are {', '.join(allowed)}")
    return document


def _order(document: Document) -> _Order:
    operation, name_glob = document.get("operation", "CreateExpressSync"), document.get("name", "*")
    if not isinstance(operation, str) or operation not in OPERATIONS:
        raise UnusableError(f"operation must be one of {', '.join(OPERATIONS)}")
    if not isinstance(name_glob, str):
        raise UnusableError("name must be a string, a glob for the names of groups")
    applies_to_names = operation == "CreateExpressSync"
    faults = _faults(document.get("faults")) * _count(document.get("count", 1))
    return _Order(operation, name_glob if applies_to_names else "*", faults)


def _faults(texts: object) -> list[Fault]:
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise UnusableError("faults must be a list of strings, and not empty")
    try:
        return [parse(text) for text in texts]
    except ValueError as error:
        raise UnusableError(str(error)) from error


def _count(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _COUNT_LIMIT:
        raise UnusableError(f"count must be a whole number from 1 to {_COUNT_LIMIT}")
    return count


def _group_parameters(document: Document) -> dict[str, str]:
    parameters = {name: value for name, value in document.items() if isinstance(value, str)}
    if len(parameters) < len(document):
        raise UnusableError("every field of a group must be a string")
    if absent := [name for name in _NEEDED_GROUP_FIELDS if not parameters.get(name)]:
        raise UnusableError(f"missing: {', '.join(absent)}")
    return parameters
