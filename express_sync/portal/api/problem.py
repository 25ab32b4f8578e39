"""Problem documents (RFC 9457): how the API says no. They never quote what a caller sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handler.model import Violation

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:express-sync:problem"


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal: the status, a name that programs can compare, a sentence for people, and further members."""

    status: int
    name: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the problem as a response."""
        title = HTTPStatus(self.status).phrase
        content = {"type": f"{_TYPE}:{self.name}", "title": title, "status": self.status, "detail": self.detail}
        return JSONResponse({**content, **self.members}, self.status, headers=dict(self.headers), media_type=MEDIA_TYPE)


NOT_FOUND = Problem(404, "not-found", "The address does not name anything that the caller may see.")
NOT_A_FAILURE = Problem(409, "not-a-failure", "The request has neither failed nor an unknown result.")
OPERATORS_ONLY = Problem(403, "operators-only", "Only an operator may do this.")


def violated(violations: Sequence[Violation]) -> Problem:
    """Return the problem of a request document with these violations."""
    listed = [{"path": each.path, "rule": each.rule, "message": each.message} for each in violations]
    return Problem(422, "invalid-request", "The request breaks the rules that are listed.", {"violations": listed})


async def http_problem(_request: Request, error: Exception) -> Response:
    """Return the problem document for an error of the framework, such as an unknown path or method."""
    if not isinstance(error, HTTPException):
        return Problem(500, "internal", "The portal has a bug; its log has the details.").response()
    if error.status_code == 404:
        return NOT_FOUND.response()
    phrase = HTTPStatus(error.status_code).phrase
    name = phrase.lower().replace(" ", "-")
    return Problem(error.status_code, name, f"{phrase}.", headers=error.headers or {}).response()
