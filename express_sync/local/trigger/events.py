"""The events that a trigger pushes, made of queue messages.

Reproduces: the CloudEvent of an SMQ message in both modes, in a batch only with the attributes that every known
sample has; `IsBase64Decode`; the schema RawData, which is the CloudEvent's data alone; id and data.messageId are the
same. Unknown: a stream sample for SMQ itself (the fields are those of its event with the attributes of other streams),
and what happens to a body that is not Base64 although it is to be decoded; here it is not changed.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from express_sync.local.account import Account
from express_sync.local.template.queue_triggers import Trigger
from express_sync.local.utc import utc_milliseconds


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it was received from the queue; times in epoch milliseconds, `request_id` generated for it."""

    message_id: str
    body: str
    enqueued: int
    request_id: str


def payload(trigger: Trigger, account: Account, batch: Sequence[Received], now: float) -> bytes:
    """Return the payload: an array in event-streaming mode, one object in event-driven mode; `now` in seconds."""
    events = [event(trigger, account, message, now) for message in batch]
    return encoded(events if trigger.mode == "event-streaming" else events[0])


def event(trigger: Trigger, account: Account, message: Received, now: float) -> dict[str, Any]:
    """Return the event of one message."""
    data = {
        "requestId": message.request_id,
        "messageId": message.message_id,
        "messageBody": _decoded(message.body) if trigger.base64_decode else message.body,
    }
    if trigger.schema == "RawData":
        return data
    common = {
        "id": message.message_id,
        "source": "acs:mns",
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "datacontenttype": "application/json; charset=utf-8",
        "time": utc_milliseconds(message.enqueued / 1000),
        "subject": f"acs:mns:{account.region}:{account.account_id}:queues/{trigger.queue}",
        "aliyunaccountid": account.account_id,
    }
    return {**common, **_bus(trigger, account, now), "data": data}


def encoded(value: Any) -> bytes:
    """Return JSON as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _bus(trigger: Trigger, account: Account, now: float) -> dict[str, str]:
    if trigger.mode == "event-streaming":
        return {}
    bus = f"MNS-{trigger.function}-{trigger.name}"
    return {
        "source": bus,
        "aliyunpublishtime": utc_milliseconds(now),
        "aliyunoriginalaccountid": account.account_id,
        "aliyuneventbusname": bus,
        "aliyunregionid": account.region,
        "aliyunpublishaddr": "127.0.0.1",
    }


def _decoded(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, ValueError):
        return body
