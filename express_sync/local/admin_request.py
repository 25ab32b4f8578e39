"""The requests of the admin APIs (`/_local/...`): JSON bodies, and what is wrong with one."""

import json
from collections.abc import Collection
from typing import Any


class AdminRequestError(ValueError):
    """An admin request that cannot be used; the message is a sentence that says why."""


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
