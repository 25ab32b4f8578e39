"""Client for the admin API of the local cloud's services (`/_local`)."""

from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.ops.terminal.errors import CliError


class AdminError(Exception):
    """The admin API rejected the call; the text is its own message, without the full stop."""


def call(endpoint: str, method: str, path: str, document: object = None) -> Any:
    """Call the admin API of the service at `endpoint` and return its answer.

    CliError if it cannot be reached, or if another program responds at its address.
    """
    try:
        response = urllib3.request(method, f"{endpoint}/_local/{path}", json=document, retries=False)
    except HTTPError as error:
        raise CliError(
            f"The local cloud at {endpoint} cannot be reached; check whether `express-sync up` is still running."
        ) from error
    try:
        answer = response.json()
        if response.status == 200:
            return answer
        message = str(answer["message"])
    except (ValueError, RecursionError, LookupError, TypeError):
        raise CliError(
            f"{endpoint} does not respond like a local cloud; check the profile, and which program uses this port."
        ) from None
    raise AdminError(message)
