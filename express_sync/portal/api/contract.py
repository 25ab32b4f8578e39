"""The published contract of the API, which is also what bodies are validated against."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from starlette.requests import Request
from starlette.responses import Response

from express_sync.portal.api.problem import NOT_FOUND, Problem, violated
from handler.inbound.validation import SCHEMAS
from handler.model import Violation

_PUBLISHED = ("provision-request.v1.json", "provision-outcome.v1.json")
_MAX_REPORTED = 100


async def show_openapi(_request: Request) -> Response:
    """Return the OpenAPI document."""
    return Response(_openapi_text(), media_type="application/json", headers={"Cache-Control": "no-cache"})


async def show_schema(request: Request) -> Response:
    """Return a published schema."""
    name = request.path_params["name"]
    if name not in _PUBLISHED:
        return NOT_FOUND.response()
    return Response(_schema_text(name), media_type="application/json")


@cache
def openapi() -> Mapping[str, Any]:
    """Return the OpenAPI document as one; its file refers to the schema of requests beside it."""
    document: dict[str, Any] = json.loads((SCHEMAS / "openapi.json").read_bytes())
    request = json.loads((SCHEMAS / "provision-request.v1.json").read_bytes())
    own = {name: value for name, value in request.items() if name not in {"$schema", "$id"}}
    document["components"]["schemas"]["ProvisionRequest"] = own
    return document


@cache
def _openapi_text() -> str:
    return json.dumps(openapi(), ensure_ascii=False, separators=(",", ":"))


@cache
def _schema_text(name: str) -> bytes:
    return (SCHEMAS / name).read_bytes()


def checked(body: Any | Problem, schema: str) -> Any | Problem:
    """Return the body of a request if it is valid by a schema of the contract, else its problem."""
    wrong = () if isinstance(body, Problem) else _broken_rules(schema, body)
    return violated(wrong) if wrong else body


def _broken_rules(schema: str, value: object) -> tuple[Violation, ...]:
    """Return every rule of a schema that a value breaks, without the value."""
    found = sorted(_validator(schema).iter_errors(value), key=lambda error: error.json_path)
    return tuple(
        Violation(error.json_path, str(error.validator), _message(str(error.validator), error.validator_value))
        for error in found[:_MAX_REPORTED]
    )


@cache
def _validator(schema: str) -> Draft202012Validator:
    components = {"components": openapi()["components"]}
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **components})


def _message(rule: str, expected: object) -> str:
    if rule == "additionalProperties":
        return "has a member that is not known"
    return f"must satisfy {rule}: {json.dumps(expected)}" if isinstance(expected, str | int | float | list) else rule
