"""What the admin APIs (`/_local/...`) of all emulators share: JSON bodies and errors. No cloud has these paths.

They need no signature; `admin_guard` refuses what a foreign web page could send. A request that cannot be used gets
status 400 and a JSON object whose `message` says why.
"""

import json
from collections.abc import Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class AdminRequestError(ValueError):
    """An admin request that cannot be used; the message is a sentence that says why."""


async def _explain(_request: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, status_code=400)


# For the `exception_handlers` of an application with admin routes.
ADMIN_ERRORS: dict[Any, Any] = {AdminRequestError: _explain}


def json_object(body: bytes, allowed: Collection[str]) -> dict[str, Any]:
    """Return the JSON object in `body`, which may have the `allowed` keys only. AdminRequestError."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise AdminRequestError("the body must be a JSON object") from error
    if not isinstance(document, dict):
        raise AdminRequestError("the body must be a JSON object")
    if unknown := sorted(document.keys() - set(allowed)):
        raise AdminRequestError(f"unknown: {', '.join(unknown)}; allowed are {', '.join(allowed)}")
    return document
