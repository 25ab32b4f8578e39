"""The header `Prefer: wait=SECONDS` (RFC 7240)."""

import re

from starlette.datastructures import Headers

MAX_WAIT_SECONDS = 25  # below the timeouts that proxies usually have
_WAIT = re.compile(r"(?:^|[,;\s])wait(?![\w-])(?:\s*=\s*\"?(\d{1,6}))?", re.IGNORECASE | re.ASCII)


def wait_seconds(headers: Headers) -> int | None:
    """Return how long the caller would like to wait, at most MAX_WAIT_SECONDS; None without a wish.

    The names of preferences have no case, and the header may be sent several times.
    """
    match = _WAIT.search(", ".join(headers.getlist("prefer")))
    return min(int(match[1] or 0), MAX_WAIT_SECONDS) if match else None
