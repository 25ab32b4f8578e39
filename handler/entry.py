"""The function that Function Compute calls: `handler.entry.handle`.

It reads the settings and the key, and imports the rest of the function at the first event, while the connections of
the new instance are being opened: both take about as long.
"""

import os
import time
from functools import cache
from typing import Any

from handler import config
from handler.faults import DeliveriesUnfinishedError, FunctionFaultError, place_of
from handler.sgw.endpoints import public_endpoint
from handler.transport.pool import Connections


def handle(event: bytes, context: Any) -> str:
    """Process every message of one event and publish each verdict.

    Returns the outcome to a direct caller of one request, else a summary. Raises DeliveriesUnfinishedError if the event
    has to be delivered again, ConfigurationError if the function's settings or its key are wrong, and
    FunctionFaultError for anything else.
    """
    try:
        return _handled(event, context)
    except (DeliveriesUnfinishedError, config.ConfigurationError):
        raise
    except Exception as fault:
        what = f"{type(fault).__name__} at {place_of(fault)}"
    raise FunctionFaultError(what)  # outside of `except` it has no context, whose text the runtime would log


def _handled(event: bytes, context: Any) -> str:
    began = time.monotonic()
    settings, keys = _settings(), config.credentials(context, os.environ)
    endpoint = settings.sgw_endpoint or public_endpoint(context.region)
    sgw, mns = (_connections(url, settings.concurrency) for url in (endpoint, settings.mns_endpoint))
    from handler import invocation

    return invocation.run(event, context, began, invocation.Resources(settings, keys, sgw, mns))


@cache
def _settings() -> config.Settings:
    return config.settings(os.environ)


@cache
def _connections(url: str, concurrency: int) -> Connections:
    """Return the connections to an endpoint, which the instance keeps; the first one is opened in advance.

    Each call is signed by itself, so a renewed key needs no new connection.
    """
    connections = Connections(url, concurrency)
    connections.prepare(1)
    return connections
