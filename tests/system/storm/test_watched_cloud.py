"""What the tests of the storm rely on."""

import json

import pytest

from tests.system.storm.watched_cloud import FAST, request, watched_cloud


def test_what_is_not_settled_is_shown() -> None:
    with watched_cloud(FAST) as running:
        running.fail_creates("waits", ["slow:2000"])
        running.send([json.dumps(request("waits"))])
        with pytest.raises(AssertionError, match='"queue": "requestQueue"'):
            running.settle(seconds=0)
        running.settle()
