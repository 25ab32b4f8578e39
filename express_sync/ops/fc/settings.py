"""Reads settings of the function from its description (api-fc-2023-03-30-getfunction)."""

from collections.abc import Mapping

from express_sync.ops.acs import Call, call_api
from express_sync.ops.fc.api import FC_VERSION, function_path
from handler.credentials import Credentials

MAX_DEFERRALS = "EXPRESS_SYNC_MAX_DEFERRALS"


def settings(endpoint: str, function: str, credentials: Credentials) -> Mapping[str, object]:
    """Return the environment variables of the function; none if they cannot be read."""
    response = call_api(Call(FC_VERSION, "GetFunction", "GET", function_path(function)), endpoint, credentials)
    variables = response.document.get("environmentVariables")
    return variables if isinstance(variables, Mapping) else {}


def max_deferrals(endpoint: str, function: str, credentials: Credentials) -> int | None:
    """Return how often a request is deferred at most, None if that cannot be read."""
    value = settings(endpoint, function, credentials).get(MAX_DEFERRALS)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None
