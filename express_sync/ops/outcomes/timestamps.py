"""Reads the timestamps of events, the same on every Python: `fromisoformat` of 3.10 knows three and six digits only."""

import re
from datetime import datetime

_RFC_3339 = re.compile(r"([0-9-]{10})[Tt ]([0-9:]{8})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?")


def timestamp(text: object) -> datetime | None:
    """Return the moment that an RFC 3339 timestamp names, in UTC if it has no offset; None if it is not one.

    CloudEvents SDKs write up to nine fraction digits; those after the sixth are dropped.
    """
    found = _RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    date, time, fraction, offset = found.groups()
    offset = "+00:00" if offset in (None, "Z", "z") else offset
    try:
        return datetime.fromisoformat(f"{date}T{time}.{(fraction or '')[:6]:0<6}{offset}")
    except ValueError:
        return None
