"""Messages, their states, and receipt handles.

Reproduces: the states Active, Inactive and Delayed as a function of the message and the time; handles of the shape
the service issues, `{MessageId}-{base64 of eight words}`, valid until the next change of state.
Unknown: the meaning of the words in the second half of a real handle (here they only have the form and are unique),
and the value of a dead letter's `DLQMessageType`; the names of its three properties are the service's.
"""

import base64
import binascii
import hashlib
import re
import uuid
from dataclasses import dataclass, replace
from typing import Literal

from express_sync.local.mns.errors import MnsError

State = Literal["active", "inactive", "delayed"]
DEFAULT_PRIORITY = 8
DEAD_LETTER_TYPE = "QUEUE"
_HANDLE = re.compile(r"([0-9A-F]{32})-([A-Za-z0-9+/]+={0,2})")
_CHECKPOINT = re.compile(rb"3 \d+ \d+ 0 0 local 0 \d+")


@dataclass(frozen=True, slots=True)
class Property:
    """A named value next to the body, in wire form; `type` is STRING, NUMBER, BOOLEAN or BINARY (base64)."""

    name: str
    value: str
    type: str = "STRING"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a sender sets for a message, except the delay."""

    body: str
    priority: int = DEFAULT_PRIORITY
    user_properties: tuple[Property, ...] = ()
    system_properties: tuple[Property, ...] = ()

    def message(self, delay_seconds: int, now_ms: int, arrival: int) -> "Message":
        """Return the new message of this draft."""
        return Message(
            message_id=new_message_id(),
            body=self.body,
            arrival=arrival,
            enqueue_time_ms=now_ms,
            next_visible_time_ms=now_ms + delay_seconds * 1000,
            first_dequeue_time_ms=now_ms,
            priority=self.priority,
            user_properties=self.user_properties,
            system_properties=self.system_properties,
        )


@dataclass(frozen=True, slots=True)
class Message:
    """A message at one time; times are milliseconds since the epoch.

    `receipt_handle` is empty unless the message is delayed or inactive. `first_dequeue_time_ms` is the enqueue time
    until the first receive. `arrival` orders messages of equal priority.
    """

    message_id: str
    body: str
    arrival: int
    enqueue_time_ms: int
    next_visible_time_ms: int
    first_dequeue_time_ms: int
    priority: int = DEFAULT_PRIORITY
    user_properties: tuple[Property, ...] = ()
    system_properties: tuple[Property, ...] = ()
    dequeue_count: int = 0
    receipt_handle: str = ""

    @property
    def body_md5(self) -> str:
        """Return the MD5 of the body in upper-case hex, as in `MessageBodyMD5`."""
        return body_md5(self.body)

    def state(self, now_ms: int) -> State:
        """Return the state of this message at `now_ms`, regardless of its retention."""
        if self.next_visible_time_ms <= now_ms:
            return "active"
        return "inactive" if self.dequeue_count else "delayed"

    def hidden(self, now_ms: int, milliseconds: int, serial: int) -> "Message":
        """Return this message, invisible for that long from now, under a new handle unique by `serial`."""
        return replace(
            self,
            next_visible_time_ms=now_ms + milliseconds,
            receipt_handle=mint_handle(self.message_id, now_ms, milliseconds, serial),
        )

    def received(self, now_ms: int, visibility_ms: int, serial: int) -> "Message":
        """Return this message as the receiver gets it: counted, and inactive for the visibility timeout."""
        first = self.first_dequeue_time_ms if self.dequeue_count else now_ms
        counted = replace(self, dequeue_count=self.dequeue_count + 1, first_dequeue_time_ms=first)
        return counted.hidden(now_ms, visibility_ms, serial)

    def dead_letter(self, source_arn: str, message_id: str, arrival: int, now_ms: int) -> "Message":
        """Return the new message for this one in a dead-letter queue, as old as this but never received."""
        origin = {
            "DLQMessageType": DEAD_LETTER_TYPE,
            "DLQSourceArn": source_arn,
            "DLQOriginMessageId": self.message_id,
        }
        kept = tuple(each for each in self.system_properties if each.name not in origin)
        return replace(
            self,
            message_id=message_id,
            arrival=arrival,
            next_visible_time_ms=now_ms,
            first_dequeue_time_ms=self.enqueue_time_ms,
            dequeue_count=0,
            receipt_handle="",
            system_properties=kept + tuple(Property(name, value) for name, value in origin.items()),
        )


def new_message_id() -> str:
    """Return 32 upper-case hex digits, as the service does."""
    return uuid.uuid4().hex.upper()


def body_md5(body: str) -> str:
    """Return the MD5 of `body` in upper-case hex.

    The service has another value for a message with user properties, by an unpublished formula.
    """
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest().upper()


def mint_handle(message_id: str, now_ms: int, invisible_ms: int, serial: int) -> str:
    """Return a receipt handle for `message_id`, different for every `serial`.

    Clients put handles into query strings unescaped. Neither `+` nor `/` can occur: in base64 they come from the
    characters `>`, `?` and `~`, and the words have letters, digits and spaces.
    """
    checkpoint = f"3 {now_ms} {invisible_ms} 0 0 local 0 {serial}"
    return f"{message_id}-{base64.b64encode(checkpoint.encode()).decode()}"


def message_id_of(handle: str) -> str:
    """Return the id of the message that `handle` was issued for; ReceiptHandleError if its form is wrong."""
    match = _HANDLE.fullmatch(handle)
    if match is None:
        raise MnsError("ReceiptHandleError")
    try:
        checkpoint = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        raise MnsError("ReceiptHandleError") from None
    if not _CHECKPOINT.fullmatch(checkpoint):
        raise MnsError("ReceiptHandleError")
    return match[1]
