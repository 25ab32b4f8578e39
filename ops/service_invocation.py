"""Asynchronous invocations through FC 2.0's API of 2016-08-15, with the official fc2 client behind a fence.

The client writes the signed headers of a refused request to the root log, lets requests' own errors out, and tries a
refused connection for half a minute; none of it gets past this module.
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import fc2
import requests

from handler.signature import Credentials
from ops.problems import Problem

CONNECT_SECONDS = 10.0


def invoke_later(endpoint: str, service: str, function: str, credentials: Credentials, event: bytes) -> None:
    """Leave `event` with the function of an FC 2.0 service. Problem unless it is accepted."""
    _refuse_unreachable(endpoint)
    client = fc2.Client(
        endpoint=endpoint.rstrip("/"),
        accessKeyID=credentials.access_key_id,
        accessKeySecret=credentials.access_key_secret,
        securityToken=credentials.security_token,
    )
    try:
        with _unlogged():
            client.invoke_function(service, function, payload=event, headers={"x-fc-invocation-type": "Async"})
    except fc2.FcError as error:
        code = error.err_code or f"HTTP {error.status_code}"
        raise Problem(f"Function Compute at {endpoint} refuses with {code}; {_ADVICE.get(code, _CHECK)}.") from None
    except (requests.RequestException, ValueError) as error:  # ValueError: a refusal whose body is no JSON
        raise Problem(
            f"Function Compute at {endpoint} gives no usable answer ({type(error).__name__}); {_CHECK}."
        ) from None


_CHECK = "check the profile"
_ADVICE = {
    "ServiceNotFound": "check --service, or use --via fc3 for a function that has no service",
    "FunctionNotFound": "check fc.function of the profile",
}


def _refuse_unreachable(endpoint: str) -> None:
    url = urlsplit(endpoint)
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        socket.create_connection((url.hostname or "", port), CONNECT_SECONDS).close()
    except OSError:
        raise Problem(f"Function Compute at {endpoint} cannot be reached; see whether it runs.") from None


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep every record out of the root log, into which the client writes authorizations."""
    root = logging.getLogger()
    root.addFilter(_drop)
    try:
        yield
    finally:
        root.removeFilter(_drop)


def _drop(_record: logging.LogRecord) -> bool:
    return False
