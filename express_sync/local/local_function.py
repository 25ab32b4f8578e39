"""The function as a local cloud runs it: its code directory, and its environment.

Chosen: only the two service endpoints, and with TLS the certificates to trust, differ in the function's environment
from what the template declares.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from express_sync.local.fc.instance_pool import Code
from express_sync.local.template.deployment import Function
from express_sync.paths import CODE, TEMPLATE

MNS_ENDPOINT = "EXPRESS_SYNC_MNS_ENDPOINT"
SGW_ENDPOINT = "EXPRESS_SYNC_SGW_ENDPOINT"
TRUSTED_CERTIFICATES = "SSL_CERT_FILE"  # OpenSSL's own variable


class NotRunnableError(ValueError):
    """The interpreter or the code directory for the function does not exist."""


def code_of(template: Path, directory: Path | None, python: str) -> Code:
    """Return the code in `directory`, by default that of the template. NotRunnableError."""
    beside = CODE if template == TEMPLATE else template.parent
    found = (directory or beside).resolve()
    if not found.is_dir():
        raise NotRunnableError(f"{found} is not a directory with a function")
    if shutil.which(python) is None:
        raise NotRunnableError(f"{python} is not an interpreter for the function")
    return Code(python, found)


def local_function(
    declared: Function, urls: Mapping[str, str], ca_file: Path | None, runtime: str | None, more: Mapping[str, str]
) -> Function:
    """Return the `declared` function with the endpoints of the running services, and `more` in its environment."""
    environment = {
        **declared.environment,
        MNS_ENDPOINT: urls["mns"],
        SGW_ENDPOINT: urls["sgw"],
        **({TRUSTED_CERTIFICATES: str(ca_file)} if ca_file else {}),
        **more,
    }
    return replace(declared, runtime=runtime or declared.runtime, environment=environment)
