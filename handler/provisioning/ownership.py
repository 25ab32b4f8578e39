"""The owner's mark in a group's description, which identifies the request that made the group.

The API stores neither a creation time nor a client token, and DescribeExpressSyncs returns the description, so this is
the only place for a mark. The mark names the request and the requested configuration, so that the group can be
identified in whatever form the API returns its prefix and region. The documentation does not say in which form the API
returns the description itself, so the mark is read in any case, escaped, before other text and truncated.
"""

import base64
import hashlib
import json
import re
from enum import Enum

from handler.model import Group, ProvisionRequest, Violation

DESCRIPTION_LIMIT = 255  # characters, CreateExpressSync documentation
_OF_REQUEST, _OF_CONFIGURATION = 8, 4  # characters of six bits each
_LENGTH = _OF_REQUEST + _OF_CONFIGURATION
_COLON = r"(?:\\?:|%(?:25)*3a|&#(?:58|x3a);|&colon;|\\u003a)"
_DIGEST = re.compile(rf"xs{_COLON}([a-z0-9_-]{{0,{_LENGTH}}})", re.IGNORECASE | re.ASCII)
_TRUNCATED = re.compile(r"[.…\s]*")  # what may follow where a text was cut off


class Maker(Enum):
    """Who made a group, as far as its mark proves."""

    THIS_REQUEST = "this request, with this configuration"
    THIS_ID = "a request of this id, with a configuration that the mark does not name"
    THIS_ID_OTHERWISE = "a request of this id, with another configuration"
    UNCLEAR = "possibly this request: the mark is truncated"
    SOMEBODY_ELSE = "another owner, or a request whose policy was not `owned`"


def marked_description(request: ProvisionRequest) -> str:
    """Return the request's description with its mark at the end."""
    return " ".join(part for part in (request.description, _mark(request)) if part)


def maker(group: Group, request: ProvisionRequest) -> Maker:
    """Return who made the group, as far as its mark proves."""
    shown = list(_DIGEST.finditer(group.description))
    if not shown:
        return Maker.SOMEBODY_ELSE
    digest, rest = shown[-1][1].lower(), group.description[shown[-1].end() :]
    known = {_digest(request).lower(): Maker.THIS_REQUEST, _digest_of_first_version(request): Maker.THIS_ID}
    if digest in known:
        return known[digest]
    if len(digest) == _LENGTH and digest.startswith(_digest(request)[:_OF_REQUEST].lower()):
        return Maker.THIS_ID_OTHERWISE
    is_truncated = _TRUNCATED.fullmatch(rest) and any(each.startswith(digest) for each in known)
    return Maker.UNCLEAR if is_truncated else Maker.SOMEBODY_ELSE


def violations(request: ProvisionRequest) -> tuple[Violation, ...]:
    """Return the rule that the mark adds to the contract, if it is broken: the description must leave room for it."""
    room = DESCRIPTION_LIMIT - len(_mark(request)) - 1
    if len(request.description) <= room:
        return ()
    message = f"must be at most {room} characters, because the adoption policy 'owned' adds a mark to it"
    return (Violation("$.description", "maxLength", message),)


def _mark(request: ProvisionRequest) -> str:
    return f"[xs:{_digest(request)}]"


def _digest(request: ProvisionRequest) -> str:
    parts = (request.request_id, _OF_REQUEST), (json.dumps(request.configuration), _OF_CONFIGURATION)
    return "".join(
        base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:length].decode() for text, length in parts
    )


def _digest_of_first_version(request: ProvisionRequest) -> str:
    """Return the digest in groups made before the mark named the configuration; such groups live for years."""
    return hashlib.sha256(request.request_id.encode()).hexdigest()[:_LENGTH]
