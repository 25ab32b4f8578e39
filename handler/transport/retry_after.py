"""The wait that an answer asks for: the longer one of `Retry-After` and `x-acs-retry-after`.

A date in Retry-After is compared with the answer's own Date, because both come from one clock. The function's clock,
which may be wrong, is used only if the answer has no Date.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

MAX_SECONDS = 7 * 86400.0
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?")
_DATE = re.compile(r"[A-Z][a-z]+,? [A-Za-z0-9 :-]{16,40}")


def seconds(headers: Mapping[str, str], asked_at: str) -> float:
    """Return the seconds asked for, 0 if none, at most MAX_SECONDS. Of several numbers the greatest counts.

    `headers` have lower-case names; `asked_at` is the time of the call as `2026-11-23T08:00:00Z`.
    """
    own = _number(headers.get("x-acs-retry-after", "").strip()) / 1000
    standard = headers.get("retry-after", "").strip()
    wait = _until(standard, headers.get("date", "").strip(), asked_at) or _number(standard)
    return max(0.0, min(MAX_SECONDS, max(own, wait)))


def _number(text: str) -> float:
    """Return the greatest number in the header, 0 if it has none; a repeated header is joined by commas."""
    parts = (part.strip() for part in text.split(","))
    return max((float(part) for part in parts if _NUMBER.fullmatch(part)), default=0.0)


def _until(text: str, answered_at: str, asked_at: str) -> float:
    end = _date(text)
    if end is None:
        return 0.0
    return (end - (_date(answered_at) or _timestamp(asked_at) or end)).total_seconds()


def _date(text: str) -> datetime | None:
    """Return the time that an HTTP date names in any of its three formats, None if it is not one."""
    if not _DATE.fullmatch(text):
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date


def _timestamp(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
