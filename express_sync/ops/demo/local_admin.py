"""The doors at `/_local` by which a local cloud can be bent and looked into. It must not know why anybody does."""

from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.ops.terminal.errors import CliError


class AdminError(Exception):
    """The door does not do what was asked; the text is its own sentence, without the full stop."""


def call(endpoint: str, method: str, path: str, document: object = None) -> Any:
    """What the door `path` of the service at `endpoint` answers. CliError if the service cannot be reached."""
    try:
        answer = urllib3.request(method, f"{endpoint}/_local/{path}", json=document, retries=False)
    except HTTPError as error:
        raise CliError(f"The local cloud at {endpoint} cannot be reached; try again.") from error
    said = answer.json()
    if answer.status != 200:
        raise AdminError(said["message"])
    return said
