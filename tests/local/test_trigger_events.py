"""The events that a trigger makes from messages."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.retry_strategy import waits
from express_sync.local.trigger.events import Received, payload
from tests.local.queue_trigger_support import TRIGGER

MESSAGE = Received("6D1F0C2A", '{"a":1}', 1_617_863_297_093, "606EA307")


def events(**changes: Any) -> Any:
    return json.loads(payload(replace(TRIGGER, **changes), LOCAL_ACCOUNT, [MESSAGE], 1_617_863_298.5))


def test_event_streaming_pushes_an_array_of_cloudevents() -> None:
    assert events() == [
        {
            "id": "6D1F0C2A",
            "source": "acs:mns",
            "specversion": "1.0",
            "type": "mns:Queue:SendMessage",
            "datacontenttype": "application/json; charset=utf-8",
            "time": "2021-04-08T06:28:17.093Z",
            "subject": "acs:mns:cn-hangzhou:1234567890123456:queues/source",
            "aliyunaccountid": "1234567890123456",
            "data": {"requestId": "606EA307", "messageId": "6D1F0C2A", "messageBody": '{"a":1}'},
        }
    ]


def test_event_driven_pushes_one_cloudevent_of_a_bus() -> None:
    event = events(mode="event-driven")
    assert event["id"] == event["data"]["messageId"] == "6D1F0C2A"
    assert event["source"] == event["aliyuneventbusname"] == "MNS-sample-requests"
    assert event["aliyunpublishtime"] == "2021-04-08T06:28:18.500Z"
    assert {"aliyunoriginalaccountid", "aliyunregionid", "aliyunpublishaddr"} <= set(event)


@pytest.mark.parametrize("mode", ["event-streaming", "event-driven"])
def test_raw_data_is_only_the_data(mode: str) -> None:
    raw = {"requestId": "606EA307", "messageId": "6D1F0C2A", "messageBody": '{"a":1}'}
    assert events(mode=mode, schema="RawData") == ([raw] if mode == "event-streaming" else raw)


@given(st.text())
def test_body_is_pushed_decoded_or_unchanged(text: str) -> None:
    stored = base64.b64encode(text.encode()).decode()
    message = replace(MESSAGE, body=stored)
    for decode, seen in ((True, text), (False, stored)):
        trigger = replace(TRIGGER, base64_decode=decode)
        [event] = json.loads(payload(trigger, LOCAL_ACCOUNT, [message], 0))
        assert event["data"]["messageBody"] == seen


@pytest.mark.parametrize("body", ["not base64!", "YQ", "YWJj!", base64.b64encode(b"\xff").decode()])
def test_body_that_cannot_be_decoded_is_unchanged(body: str) -> None:
    trigger = replace(TRIGGER, base64_decode=True)
    [event] = json.loads(payload(trigger, LOCAL_ACCOUNT, [replace(MESSAGE, body=body)], 0))
    assert event["data"]["messageBody"] == body


def test_backoff_retries_three_times_after_ten_to_twenty_seconds() -> None:
    assert list(waits("BACKOFF_RETRY", lambda low, high: low)) == [10, 10, 10]
    assert list(waits("BACKOFF_RETRY", lambda low, high: high)) == [20, 20, 20]


def test_exponential_decay_retries_176_times_over_a_day() -> None:
    seconds = list(waits("EXPONENTIAL_DECAY_RETRY", lambda low, high: 0))
    assert seconds[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert (len(seconds), seconds.count(512)) == (176, 167)
    assert 23.5 < sum(seconds) / 3600 < 24
