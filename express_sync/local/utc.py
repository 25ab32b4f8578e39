"""Times as the services write and read them."""

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def utc_milliseconds(seconds: float) -> str:
    """Return epoch seconds as a UTC time with milliseconds, such as `2026-01-01T00:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_http_date(text: str) -> float | None:
    """Return the time of a Date header in epoch seconds, None if it is invalid; without a zone it is in UTC."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # OverflowError: a year or a zone that is too large
        return None
    return parsed.replace(tzinfo=parsed.tzinfo or timezone.utc).timestamp()
