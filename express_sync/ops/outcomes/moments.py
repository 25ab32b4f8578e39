"""Reads times of RFC 3339 in the same way on every Python: with any number of digits of a second, and any zone."""

import re
from datetime import datetime, timezone

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,30}))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def moment(text: object) -> datetime | None:
    """Return the time in a text, None if it is not one; without a zone it is in UTC."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    date, clock, fraction, zone = found.groups()
    offset = zone if zone and zone not in "Zz" else "+00:00"
    try:
        read = datetime.fromisoformat(f"{date}T{clock}.{(fraction or '')[:6]:0<6}{offset}")
    except ValueError:
        return None
    try:
        return read.astimezone(timezone.utc)
    except OverflowError:  # at the ends of the calendar
        return read
