"""The owner's mark in a group's description, by which the policy `owned` tells whose a group is. Text only.

The API keeps no creation time and no client token, and DescribeExpressSyncs gives the description back, so it is
the only place where a request can leave its mark.
"""

import hashlib

from handler.model import Group, ProvisionRequest, Violation

DESCRIPTION_LIMIT = 255  # characters, CreateExpressSync documentation


def marked_description(request: ProvisionRequest) -> str:
    """The request's description with its mark at the end."""
    return " ".join(part for part in (request.description, _mark(request)) if part)


def bears_mark(group: Group, request: ProvisionRequest) -> bool:
    """Whether the group was made by this very request."""
    return group.description.endswith(_mark(request))


def violations(request: ProvisionRequest) -> tuple[Violation, ...]:
    """The rule that the mark adds to the contract: the description must leave room for it."""
    room = DESCRIPTION_LIMIT - len(_mark(request)) - 1
    if len(request.description) <= room:
        return ()
    message = f"must be at most {room} characters, because the adoption policy 'owned' adds a mark to it"
    return (Violation("$.description", "maxLength", message),)


def _mark(request: ProvisionRequest) -> str:
    return f"[xs:{hashlib.sha256(request.request_id.encode()).hexdigest()[:12]}]"
