"""What a route gets from its request: the portal, the caller, and a decoded id; and routes for operators only."""

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response

from express_sync.portal.api.problem import OPERATORS_ONLY
from express_sync.portal.parts import Portal
from express_sync.portal.principal import Identity

Endpoint = Callable[[Request], Awaitable[Response]]


def portal_of(request: Request) -> Portal:
    """Return the portal that serves the request."""
    portal: Portal = request.app.state.portal
    return portal


def identity_of(request: Request) -> Identity:
    """Return the authenticated caller."""
    identity: Identity = request.state.identity
    return identity


def owner_of(identity: Identity) -> str | None:
    """Return whose requests the caller may see; None for all."""
    return None if identity.is_operator else identity.name


def request_id_of(request: Request) -> str:
    """Return the requestId in the path, or an empty text if it is not text."""
    try:
        return unquote_to_bytes(request.path_params["request_id"]).decode()
    except UnicodeDecodeError:
        return ""


def operators_only(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint, which refuses everybody but operators."""

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        return await endpoint(request) if identity_of(request).is_operator else OPERATORS_ONLY.response()

    return guarded
