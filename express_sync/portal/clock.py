"""Times of the portal: milliseconds since 1970 in the database, RFC 3339 in documents."""

from collections.abc import Callable
from datetime import datetime, timezone

from express_sync.ops.outcomes.timestamps import timestamp

Clock = Callable[[], int]  # returns milliseconds since 1970 in UTC


def now_ms() -> int:
    """Return the current time."""
    return to_ms(datetime.now(timezone.utc))


def to_ms(moment: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def parse_ms(text: str) -> int | None:
    """Return the time in an RFC 3339 text, or None if it is not one."""
    moment = timestamp(text)
    return None if moment is None else to_ms(moment)


def to_text(ms: int | None) -> str | None:
    """Return a time as RFC 3339 text in UTC with milliseconds; None for None."""
    if ms is None:
        return None
    moment = datetime.fromtimestamp(ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
