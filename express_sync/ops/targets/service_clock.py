"""Asks SMQ for the time: the clock of this machine may differ from those that date failures and messages.

SMQ accepts calls from a clock that is up to 15 minutes off, so a command that compares its own time with that of a
failure would otherwise take a failure for newer than itself, or for older than it is.
"""

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from handler.transport.connection import CallError, Connection, request_bytes
from handler.transport.deadline import CallDeadline

TIMEOUT_SECONDS = 5.0  # in all
_RESOLUTION = timedelta(seconds=3)  # of the header Date, which some servers write once a second, and of the call


def service_time(endpoint: str, own: datetime, seconds: float = TIMEOUT_SECONDS) -> datetime:
    """Return the time of the service at `endpoint`, or `own` if that is the same or the service does not tell in time.

    The Date of its response (RFC 9110) tells; SMQ sends one also with the refusal of a call without a signature
    (verified on the local cloud; believed of the real one).
    """
    theirs = _date(endpoint, seconds)
    if theirs is None or abs(theirs - own) <= _RESOLUTION:
        return own
    return theirs + _RESOLUTION


def _date(endpoint: str, seconds: float) -> datetime | None:
    connection = Connection(endpoint)
    try:
        request = request_bytes("GET", "/", {"host": urlsplit(endpoint).netloc}, b"")
        response = connection.call(request, CallDeadline(seconds))
        return parsedate_to_datetime(response.headers.get("date", "")).astimezone(timezone.utc)
    except (CallError, TypeError, ValueError, OverflowError):
        return None
    finally:
        connection.close()
