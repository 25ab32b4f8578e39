"""The header `Prefer: wait=SECONDS` (RFC 7240)."""

import re

MAX_WAIT_SECONDS = 25  # below the timeouts that proxies usually have
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?", re.IGNORECASE | re.ASCII)


def wait_seconds(header: str) -> int:
    """Return how long the caller would like to wait, at most MAX_WAIT_SECONDS; 0 without a wish."""
    match = _WAIT.search(header)
    return min(int(match[1]), MAX_WAIT_SECONDS) if match else 0
