"""Times of the portal: milliseconds since 1970 in the database, RFC 3339 in documents."""

from collections.abc import Callable
from datetime import datetime, timezone

from express_sync.ops.outcomes.moments import moment

Clock = Callable[[], int]  # returns milliseconds since 1970 in UTC


def now_ms() -> int:
    """Return the current time."""
    return to_ms(datetime.now(timezone.utc))


def to_ms(when: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return round(when.timestamp() * 1000)


def parse_ms(text: str) -> int | None:
    """Return the time in an RFC 3339 text, or None if it is not one."""
    found = moment(text)
    return None if found is None else to_ms(found)


def to_text(ms: int | None) -> str | None:
    """Return a time as RFC 3339 text in UTC with milliseconds; None for None."""
    if ms is None:
        return None
    when = datetime.fromtimestamp(ms / 1000, timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
