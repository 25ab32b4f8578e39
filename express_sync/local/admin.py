"""The errors that the admin APIs (`/_local/...`) of all emulators share. No cloud has these paths.

They need no signature; `admin_guard` refuses what a foreign web page could send. A request that cannot be used gets
status 400 and a JSON object whose `message` says why.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from express_sync.local.admin_request import AdminRequestError


async def _explain(_request: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, status_code=400)


# For the `exception_handlers` of an application with admin routes.
ADMIN_ERRORS: dict[Any, Any] = {AdminRequestError: _explain}
