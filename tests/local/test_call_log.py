"""The bounded call log of the emulators."""

import urllib3
from starlette.applications import Starlette

from express_sync.local.call_log import CallLog
from tests.support.running import serving


def test_full_log_drops_the_oldest_call() -> None:
    log = CallLog[int](limit=3)
    for number in range(5):
        log.add(number)
    assert log.entries() == [2, 3, 4]


def test_call_can_change_after_it_was_logged() -> None:
    log = CallLog[dict[str, str]]()
    entry = log.add({"outcome": "pending"})
    entry["outcome"] = "done"
    with serving(Starlette(routes=[log.route()])) as (url,):
        assert urllib3.request("GET", f"{url}/calls").json() == [{"outcome": "done"}]


def test_cleared_log_is_empty() -> None:
    log = CallLog[int]()
    log.add(1)
    log.clear()
    assert log.entries() == []
