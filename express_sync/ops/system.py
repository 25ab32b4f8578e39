"""The environment and the clocks that the commands use, and pass on to what they call."""

import os
import time
from collections.abc import MutableMapping

environment: MutableMapping[str, str] = os.environ
now = time.monotonic
epoch = time.time
sleep = time.sleep


def trust(ca_file: str) -> None:
    """Trust the certificates in this file, and no others, in every TLS connection that is made from now on."""
    os.environ["SSL_CERT_FILE"] = ca_file


def epoch_ms() -> int:
    """Return the milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
