"""Times as the services write them."""

from datetime import datetime, timezone


def utc_milliseconds(seconds: float) -> str:
    """Return epoch seconds as a UTC time with milliseconds, such as `2026-01-01T00:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
