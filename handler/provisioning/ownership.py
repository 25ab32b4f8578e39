"""The owner's mark in a group's description, which identifies the request that made the group.

The API stores neither a creation time nor a client token, and DescribeExpressSyncs returns the description, so this is
the only place for a mark. The mark names the request and the requested configuration, so that the group can be
identified in whatever form the API returns its prefix and region.
"""

import base64
import hashlib
import json
from enum import Enum

from handler.model import Group, ProvisionRequest, Violation

DESCRIPTION_LIMIT = 255  # characters, CreateExpressSync documentation
_OPEN, _CLOSE = "[xs:", "]"
_OF_REQUEST, _OF_CONFIGURATION = 8, 4  # characters of six bits each


class Maker(Enum):
    """Who made a group, as far as its mark tells."""

    THIS_REQUEST = "this request, with this configuration"
    THIS_ID = "a request of this id, with a configuration that the mark does not name"
    THIS_ID_OTHERWISE = "a request of this id, with another configuration"
    SOMEBODY_ELSE = "somebody else, or a request whose policy was not `owned`"


def marked_description(request: ProvisionRequest) -> str:
    """Return the request's description with its mark at the end."""
    return " ".join(part for part in (request.description, _mark(request)) if part)


def maker(group: Group, request: ProvisionRequest) -> Maker:
    """Return who made the group, as far as its mark tells."""
    description = group.description.rstrip()
    if description.endswith(_mark(request)):
        return Maker.THIS_REQUEST
    if description.endswith(_mark_of_first_version(request)):
        return Maker.THIS_ID
    configured = description[-_OF_CONFIGURATION - len(_CLOSE) :]
    before = description[: -len(configured)]
    is_own = before.endswith(_OPEN + _of_request(request)) and configured.endswith(_CLOSE)
    return Maker.THIS_ID_OTHERWISE if is_own else Maker.SOMEBODY_ELSE


def violations(request: ProvisionRequest) -> tuple[Violation, ...]:
    """Return the rule that the mark adds to the contract, if it is broken: the description must leave room for it."""
    room = DESCRIPTION_LIMIT - len(_mark(request)) - 1
    if len(request.description) <= room:
        return ()
    message = f"must be at most {room} characters, because the adoption policy 'owned' adds a mark to it"
    return (Violation("$.description", "maxLength", message),)


def _mark(request: ProvisionRequest) -> str:
    configuration = json.dumps(request.configuration)
    return f"{_OPEN}{_of_request(request)}{_digest(configuration, _OF_CONFIGURATION)}{_CLOSE}"


def _mark_of_first_version(request: ProvisionRequest) -> str:
    """Return the mark of groups made before it named the configuration; such groups live for years."""
    return f"{_OPEN}{hashlib.sha256(request.request_id.encode()).hexdigest()[:12]}{_CLOSE}"


def _of_request(request: ProvisionRequest) -> str:
    return _digest(request.request_id, _OF_REQUEST)


def _digest(text: str, characters: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:characters].decode()
