"""Reads query parameters: known names, each at most once, with values of bounded length."""

from collections.abc import Collection, Mapping

from starlette.requests import Request

from express_sync.portal.api.problem import Problem
from express_sync.portal.derivation import STATUSES
from express_sync.portal.values import MAX_KEY

MAX_QUERY_BYTES = 8192
MAX_LIMIT = 200
DEFAULT_LIMIT = 50


def _bad(detail: str) -> Problem:
    return Problem(400, "bad-parameter", detail)


def parameters(request: Request, known: Collection[str]) -> Mapping[str, str] | Problem:
    """Return the parameters of a request by name."""
    if len(request.scope["query_string"]) > MAX_QUERY_BYTES:
        return _bad(f"The query has more than {MAX_QUERY_BYTES} bytes.")
    found = request.query_params.multi_items()
    names = [name for name, _ in found]
    if len(set(names)) < len(names):
        return _bad("A parameter is given twice.")
    if set(names) - set(known):
        return _bad(f"The known parameters are: {', '.join(known) or 'none'}.")
    return dict(found)


def wrong_filter(found: Mapping[str, str]) -> Problem | None:
    """Return the problem of the filters among the parameters, None if all of them can be used."""
    if found.get("status", STATUSES[0]) not in STATUSES:
        return _bad(f"status is one of: {', '.join(STATUSES)}.")
    if found.get("discarded", "true") not in {"true", "false"}:
        return _bad("discarded is true or false.")
    too_long = [name for name in ("code", "requester", "q") if not 0 < len(found.get(name, "-")) <= MAX_KEY]
    return _bad(f"{too_long[0]} has 1 to {MAX_KEY} characters.") if too_long else None


def whole_number(found: Mapping[str, str], name: str, default: int, maximum: int) -> int | Problem:
    """Return the value of a parameter that is a number from 1 to `maximum`."""
    text = found.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) <= 18 and 1 <= int(text) <= maximum:
        return int(text)
    return _bad(f"{name} is a whole number from 1 to {maximum}.")
