"""Dates of requests: none of them is more than a refusal, whatever it says."""

import time
from collections.abc import Iterator

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.fc.errors import FcError
from express_sync.local.fc.signature import verify_fc
from express_sync.local.openapi.request import Call
from express_sync.local.utc import parse_http_date
from tests.local.fc_signer import PATH_2016, fc_headers

NOON = 1795780800.0  # Friday, 27 November 2026, 12:00 UTC


@pytest.fixture
def shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the clock of this machine be eight hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("shanghai")
@pytest.mark.parametrize("zone", ["GMT", "-0000", "", "+0000", "UTC"])
def test_date_without_a_zone_is_in_utc(zone: str) -> None:
    assert parse_http_date(f"Fri, 27 Nov 2026 12:00:00 {zone}") == NOON


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 27 Nov 99999999999999 12:00:00 GMT",
        "Fri, 27 Nov 2026 12:00:00 +9999999999999999",
        "Fri, 27 Nov 2026 12:00:00 +2400",
        "Fri, 31 Feb 2026 12:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
    ],
)
def test_date_outside_of_the_calendar_is_refused(date: str) -> None:
    call = Call.of("POST", PATH_2016, b"", fc_headers(PATH_2016, {"date": date}), b"")
    with pytest.raises(FcError) as refused:
        verify_fc(call, LOCAL_ACCOUNT.keys(), NOON)
    assert refused.value.code == "SignatureNotMatch"
