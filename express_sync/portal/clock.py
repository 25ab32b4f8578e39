"""Times of the portal: milliseconds since 1970 in the database, RFC 3339 in documents."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from express_sync.ops.outcomes.moments import moment

Clock = Callable[[], int]  # returns milliseconds since 1970 in UTC
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def now_ms() -> int:
    """Return the current time."""
    return to_ms(datetime.now(timezone.utc))


def to_ms(when: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def parse_ms(text: str) -> int | None:
    """Return the time in an RFC 3339 text, or None if it is not one; the nearest in the calendar if UTC has none."""
    found = moment(text)
    return None if found is None else to_ms(min(max(found, _FIRST), _LAST))


def to_text(ms: int | None) -> str | None:
    """Return a time as RFC 3339 text in UTC with milliseconds; None for None."""
    if ms is None:
        return None
    when = _EPOCH + timedelta(milliseconds=ms)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
