"""Asks SMQ for the time: the clock of this machine may differ from those that date failures and messages.

SMQ accepts calls from a clock that is up to 15 minutes off, so a command that compares its own time with that of a
failure would otherwise take a failure for newer than itself, or for older than it is.
"""

from contextlib import closing
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 5.0
_RESOLUTION = timedelta(seconds=3)  # of the header Date, which some servers write once a second, and of the call


def service_time(endpoint: str, own: datetime) -> datetime:
    """Return the time of the service at `endpoint`, or `own` if that is the same or the service does not tell.

    The Date of its response (RFC 9110) tells; SMQ sends one also with the refusal of a call without a signature
    (verified on the local cloud; believed of the real one).
    """
    theirs = _date(endpoint)
    if theirs is None or abs(theirs - own) <= _RESOLUTION:
        return own
    return theirs + _RESOLUTION


def _date(endpoint: str) -> datetime | None:
    parts = urlsplit(endpoint)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        with closing(connect(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)) as connection:
            connection.request("GET", "/")
            return parsedate_to_datetime(connection.getresponse().getheader("date", "")).astimezone(timezone.utc)
    except (OSError, HTTPException, TypeError, ValueError, OverflowError):
        return None
