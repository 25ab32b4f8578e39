"""Splits an event of a trigger into deliveries, one for every message, unreadable ones included.

Handles every envelope of Function Compute's triggers: CloudEvents single and in arrays, RawData, topic notifications,
timers, records of failed asynchronous calls, and dead letters. Does not raise.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from handler.inbound import request_event
from handler.inbound.request_event import Lineage
from handler.inbound.strict_json import TOO_DEEP, Unreadable, read_body, read_bytes, violations
from handler.model import Violation

MAX_LAYERS = 4  # a dead letter that holds the record of a failed asynchronous call with a queue event in it has three

Matcher = Callable[[Mapping[str, Any]], bool]
Opener = Callable[[Any], tuple[object, object]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message: its id, the document in it, its violations, and its lineage.

    `document` is None if the body cannot be parsed; `violations` then says why. `text` is the body, where it came as
    text: an invalid document cannot be turned into the same text again.
    """

    message_id: str
    document: Any
    violations: tuple[Violation, ...] = ()
    lineage: Lineage = field(default_factory=Lineage)
    text: str | None = None

    @property
    def content(self) -> object:
        """Return what to send to get the same delivery again; None if that is unknown.

        A document that is itself a text is sent as the original body: the text alone would be parsed once more.
        """
        is_unsafe = self.violations or self.document is None or isinstance(self.document, str)
        return self.text if is_unsafe else self.document


@dataclass(frozen=True, slots=True)
class Intake:
    """Every delivery of one event; `direct` if a caller, not a trigger, sent it and waits for the outcome."""

    deliveries: tuple[Delivery, ...]
    direct: bool


def parse(event: bytes) -> Intake:
    """Return every delivery in the bytes of an event, in order; none for an empty batch."""
    return intake_of(read_bytes(event), event)


def intake_of(value: object, event: bytes) -> Intake:
    """Return every delivery in `value`, the JSON value of `event`, in order; none for an empty batch."""
    if isinstance(value, list):
        return Intake(tuple(delivery for element in value for delivery in _content(element, None, 1)), direct=False)
    if isinstance(value, Unreadable):  # a direct call or a topic's STREAM format, in base64 or garbage
        return Intake(tuple(_content(event.decode("utf-8", "surrogateescape"), None, 1)), direct=True)
    return Intake(tuple(_content(value, None, 1)), direct=_opener(value) is None)


def parse_message(message_id: str, body: str) -> tuple[Delivery, ...]:
    """Return every delivery in a message of a queue: one, or those of a batch that was dead-lettered."""
    return tuple(_content(body, message_id, 1))


def _content(content: object, message_id: str | None, layer: int) -> Iterator[Delivery]:
    """Yield the deliveries in the content of an envelope; a text holds JSON, as did elements of a stream until 2023."""
    text = content if isinstance(content, str) else None
    value = content if text is None else read_body(text)
    if isinstance(value, Unreadable):
        own_id = message_id or _fingerprint(content)
        yield Delivery(own_id, None, value.violations, Lineage(submission_id=own_id), text)
    elif isinstance(value, list) and value and all(_opener(element) for element in value):
        for element in value:  # a whole batch that was dead-lettered, or recorded as failed, as it was
            yield from _one(element, None, message_id, layer)
    else:
        yield from _one(value, text, message_id, layer)


def _one(value: object, text: str | None, message_id: str | None, layer: int) -> Iterator[Delivery]:
    opener = _opener(value)
    if opener is None or layer > MAX_LAYERS:
        yield _delivery(value, text, message_id)
    else:
        own_id, content = opener(value)
        # a sender can imitate an envelope, so the id may be any text
        yield from _content(content, request_event.usable_id(own_id) or message_id, layer + 1)


def _delivery(value: object, text: str | None, message_id: str | None) -> Delivery:
    """Return the request in a value: the value itself, or the data of a CloudEvent whose attributes are kept."""
    event = value if isinstance(value, Mapping) and value.get("specversion") is not None else {}
    encoded = event.get("data_base64")
    data = value if not event else event.get("data") if encoded is None else encoded
    body = data if event and isinstance(data, str) else None
    if body is not None and event.get("type") == request_event.TYPE:
        return _resent(event, body, message_id)
    document = data if body is None else read_body(body)
    found = document.violations if isinstance(document, Unreadable) else violations(document)
    is_unusable = isinstance(document, Unreadable) or TOO_DEEP in found
    own_id = message_id or _fingerprint(None if TOO_DEEP in found else data)
    return Delivery(
        own_id,
        None if is_unusable else document,
        found,
        request_event.of_event(event, own_id),
        text,
    )


def _resent(event: Mapping[str, Any], text: str, message_id: str | None) -> Delivery:
    """Return the delivery of a body that was sent again as text; the text may be an event itself."""
    own_id = message_id or _fingerprint(text)
    first = _delivery(read_body(text), text, own_id)
    return replace(first, lineage=request_event.of_event(event, own_id))


def _opener(value: object) -> Opener | None:
    """Return what takes the id and the content out of a trigger's event, or None for anything else."""
    if not isinstance(value, Mapping) or _is_resent(value):
        return None
    # Some writers state every member that they know, the absent ones as null. So null members are absent, unless an
    # envelope is incomplete without them: then it is opened for the id of its message.
    present = {key: member for key, member in value.items() if member is not None}
    readings = (present,) if "specversion" in present else (present, value)
    return next((opener for members in readings for matches, opener in _SHAPES if matches(members)), None)


def _is_resent(value: Mapping[str, Any]) -> bool:
    # Its data may look like an envelope beyond MAX_LAYERS. It is not opened: the verdict was on the unopened value.
    return value.get("specversion") is not None and value.get("type") == request_event.TYPE


def _event(payload: object) -> object:
    # The event of a failed call, as text: up to 128 KB, so not under the bound of a message body.
    value = read_bytes(payload.encode("utf-8", "surrogatepass")) if isinstance(payload, str) else payload
    return payload if isinstance(value, Unreadable) else value


def _has(*keys: str) -> Matcher:
    return lambda value: all(key in value for key in keys)


def _is_queue_event(value: Mapping[str, Any]) -> bool:
    return "specversion" in value and isinstance(value.get("data"), Mapping) and "messageBody" in value["data"]


def _timer_id(timer: Mapping[str, Any]) -> str:
    return "@".join(part for part in (timer["triggerName"], timer["triggerTime"]) if isinstance(part, str))


# Shapes and field names: Alibaba Cloud's trigger documentation and the logs of its official samples.
_SHAPES: tuple[tuple[Matcher, Opener], ...] = (
    (
        _is_queue_event,
        lambda event: (event["data"].get("messageId") or event.get("id"), event["data"]["messageBody"]),
    ),
    (_has("messageBody"), lambda raw: (raw.get("messageId"), raw["messageBody"])),
    (_has("TopicName", "Message"), lambda notification: (notification.get("MessageId"), notification["Message"])),
    (_has("requestContext", "requestPayload"), lambda record: (None, _event(record["requestPayload"]))),
    (_has("triggerName", "triggerTime"), lambda timer: (_timer_id(timer), timer.get("payload"))),
    (lambda value: value.keys() == {"body", "attrs"}, lambda stream: (None, stream["body"])),
)


def _fingerprint(content: object) -> str:
    return f"sha256-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]}"
