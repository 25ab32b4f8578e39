"""A clock that differs too much from that of a service is recognised by the service's own date."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import urllib3

from express_sync.ops.acs import SKEWED, error_code


def response(status: int, offset_seconds: float) -> urllib3.HTTPResponse:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=offset_seconds), usegmt=True)
    return urllib3.HTTPResponse(body=b"{}", status=status, headers={"date": date})


@pytest.mark.parametrize("offset", [-1000, 1000])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_refusal_with_another_time_is_the_clock(status: int, offset: int) -> None:
    """Whatever the error code is: Function Compute reports a wrong signature."""
    assert error_code(response(status, offset)) == SKEWED


@pytest.mark.parametrize(("status", "offset"), [(200, 5000), (403, 60), (503, 5000)])
def test_other_answers_are_not_the_clock(status: int, offset: int) -> None:
    """A success, a small difference, or a failure of the service."""
    assert error_code(response(status, offset)) != SKEWED


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_missing_date_is_not_the_clock(date: str) -> None:
    """A gateway may answer without one."""
    assert error_code(urllib3.HTTPResponse(body=b"{}", status=403, headers={"date": date})) != SKEWED
