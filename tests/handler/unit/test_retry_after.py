"""How long an answer asks its caller to wait: two headers, two kinds of values, and malformed ones."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.transport import retry_after
from handler.transport.retry_after import MAX_SECONDS

ASKED_AT = "2026-11-23T08:00:00Z"
DATE = "Mon, 23 Nov 2026 08:00:00 GMT"
IN_90_S = {
    "IMF-fixdate": "Mon, 23 Nov 2026 08:01:30 GMT",
    "RFC 850": "Monday, 23-Nov-26 08:01:30 GMT",
    "asctime": "Mon Nov 23 08:01:30 2026",
}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("1", 0.001),
        ("60000", 60.0),
        (" 1000 ", 1.0),
        ("000000000000000000001000", 1.0),
        ("604800000", MAX_SECONDS),
        ("604800001", MAX_SECONDS),
        ("9" * 400, MAX_SECONDS),
        ("9" * 5000, MAX_SECONDS),
        ("", 0.0),
        ("-1", 0.0),
        ("1500.5", 1.5005),
        ("1000, 3000,2000", 3.0),
        ("1e3", 0.0),
        ("soon", 0.0),
        ("１０００", 0.0),
        ("²", 0.0),
        (IN_90_S["IMF-fixdate"], 0.0),
    ],
    ids=lambda value: str(value)[:12],
)
def test_x_acs_retry_after_is_in_milliseconds(header: str, seconds: float) -> None:
    """Other texts count as zero; no number is too long."""
    assert retry_after.seconds({"x-acs-retry-after": header}, ASKED_AT) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("4", 4.0),
        (" 120 ", 120.0),
        ("604801", MAX_SECONDS),
        ("9" * 5000, MAX_SECONDS),
        ("", 0.0),
        ("-4", 0.0),
        ("+4", 0.0),
        ("4.5", 4.5),
        ("4.", 4.0),
        (".5", 0.0),
        ("4.5.6", 0.0),
        ("0." + "0" * 5000 + "1", 0.0),
        ("4s", 0.0),
        ("4, 8", 8.0),
        ("8 ,4", 8.0),
        ("soon, 4, -9", 4.0),
        (",", 0.0),
        ("inf", 0.0),
        ("nan", 0.0),
        ("٤", 0.0),
        ("tomorrow", 0.0),
    ],
    ids=lambda value: str(value)[:12],
)
def test_retry_after_is_in_seconds(header: str, seconds: float) -> None:
    """Of several, the greatest counts. Other texts, unless they are dates, count as zero."""
    assert retry_after.seconds({"retry-after": header}, ASKED_AT) == seconds


@pytest.mark.parametrize("date", IN_90_S.values(), ids=IN_90_S)
@pytest.mark.parametrize("answered_at", [{}, {"date": DATE}, {"date": "yesterday"}], ids=["no Date", "Date", "no date"])
def test_retry_after_is_a_date_in_any_of_three_formats(date: str, answered_at: dict[str, str]) -> None:
    """It is relative to the answer's own Date, or to the time of the call."""
    assert retry_after.seconds({"retry-after": date, **answered_at}, ASKED_AT) == 90.0


def test_wrong_local_clock_does_not_change_the_wait() -> None:
    """Both dates of the answer come from one clock."""
    headers = {"retry-after": IN_90_S["IMF-fixdate"], "date": DATE}
    assert retry_after.seconds(headers, "2030-01-01T00:00:00Z") == 90.0


@pytest.mark.parametrize("asked_at", ["", "now", "2026-99-99T00:00:00Z"])
def test_date_without_a_reference_time_counts_as_zero(asked_at: str) -> None:
    assert retry_after.seconds({"retry-after": IN_90_S["IMF-fixdate"]}, asked_at) == 0.0


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Mon, 23 Nov 2026 07:59:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_SECONDS),
        ("Mon, 30 Nov 2026 08:00:01 GMT", MAX_SECONDS),
        ("Mon, 23 Nov 2026 25:00:00 GMT", 0.0),
        ("Mon, 32 Nov 2026 08:01:30 GMT", 0.0),
        ("Mon, 23 Nov 99999999999999999 08:01:30 GMT", 0.0),
        ("Mon, 23 November 2026", 0.0),
        ("Mon Nov 23", 0.0),
    ],
)
def test_wait_until_a_date_is_from_zero_to_one_week(date: str, seconds: float) -> None:
    assert retry_after.seconds({"retry-after": date, "date": DATE}, ASKED_AT) == seconds


def test_longer_one_of_two_waits_counts() -> None:
    assert retry_after.seconds({"retry-after": "4", "x-acs-retry-after": "2500"}, ASKED_AT) == 4.0
    assert retry_after.seconds({"retry-after": "4", "x-acs-retry-after": "5000"}, ASKED_AT) == 5.0
    assert retry_after.seconds({"retry-after": "soon", "x-acs-retry-after": "5000"}, ASKED_AT) == 5.0


def test_answer_without_the_headers_has_no_wait() -> None:
    assert retry_after.seconds({"date": DATE}, ASKED_AT) == 0.0


@given(wait=st.integers(-(10**6), 10**6))
def test_date_means_the_seconds_until_then(wait: int) -> None:
    """The result is from zero to one week."""
    end = datetime(2026, 11, 23, 8, tzinfo=timezone.utc) + timedelta(seconds=wait)
    found = retry_after.seconds({"retry-after": format_datetime(end, usegmt=True), "date": DATE}, ASKED_AT)
    assert found == max(0.0, min(MAX_SECONDS, wait))


DATELIKE = st.text(alphabet="MonTueDecGMT0123456789 ,:-+", max_size=60)


@given(header=st.text() | DATELIKE, own=st.text() | DATELIKE, date=st.text() | DATELIKE, asked_at=st.text() | DATELIKE)
def test_reading_any_header_never_raises(header: str, own: str, date: str, asked_at: str) -> None:
    """The wait is always a number of seconds from zero to one week."""
    headers = {"retry-after": header, "x-acs-retry-after": own, "date": date}
    assert 0.0 <= retry_after.seconds(headers, asked_at) <= MAX_SECONDS
