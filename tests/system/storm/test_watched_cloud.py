"""What the tests of the storm rely on."""

import json

import pytest

from handler.smq.client import Smq
from tests.support.role_credentials import USER
from tests.system.storm.watched_cloud import FAST, request, watched_cloud


def test_what_is_not_settled_is_shown() -> None:
    with watched_cloud(FAST) as running:
        running.fail_creates("waits", ["slow:2000"])
        running.send([json.dumps(request("waits"))])
        with pytest.raises(AssertionError, match='"queue": "requestQueue"'):
            running.settle(seconds=0)
        running.settle()


def test_message_of_a_killed_sweep_is_swept_again() -> None:
    """It would be invisible for 15 minutes."""
    with watched_cloud(FAST) as running:
        smq, dead_letters = Smq.at(running.ready["mns"]["endpoint"], USER), running.ready["mns"]["deadLetterQueue"]
        smq.send(dead_letters, [json.dumps(request("left"))])
        smq.receive(dead_letters, 16, wait_seconds=0)
        running.settle()
        assert [event["subject"] for event in running.published()] == ["REQ-left"]
