"""What a route gets from its request: the portal, the caller, and a decoded id."""

from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from express_sync.portal.parts import Portal
from express_sync.portal.principal import Identity


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
