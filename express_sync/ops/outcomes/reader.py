"""Reads outcomes from the result queue and validates them against their schema."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from handler.inbound.strict_json import read_body
from handler.inbound.validation import SCHEMAS, ContractValidator

_VALIDATOR = ContractValidator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
MAX_POLL_SECONDS = 5  # short enough for a progress display to stay true


class Message(Protocol):
    """The fields of a received message that are needed here."""

    @property
    def message_id(self) -> str: ...

    @property
    def body(self) -> str: ...

    @property
    def receipt_handle(self) -> str: ...


class Mailbox(Protocol):
    """A queue of outcomes; `receive` returns at most 16 messages, `delete` takes their receipt handles."""

    def receive(self, wait_seconds: int) -> Sequence[Message]: ...

    def delete(self, receipt_handles: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One published outcome; `event` is the whole CloudEvent, valid by the outcome schema."""

    event: Mapping[str, Any]

    @property
    def data(self) -> Mapping[str, Any]:
        """Return the verdict itself."""
        found: Mapping[str, Any] = self.event["data"]
        return found

    @property
    def identity(self) -> tuple[str, str]:
        """Return the source and id of the event, which every copy of it shares."""
        return self.event["source"], self.event["id"]

    @property
    def subject(self) -> str:
        """Return the requestId, or the message's id if the message has no usable one."""
        return str(self.event["subject"])

    @property
    def submission_id(self) -> str:
        """Return the id of the message that first carried the request, or of the replay."""
        return str(self.data.get("submissionId", self.data["messageId"]))

    @property
    def replay_id(self) -> str:
        """Return the id of the replay that led to this outcome, or an empty text."""
        return str(self.data.get("replayId", ""))

    @property
    def status(self) -> str:
        """Return one of the five statuses."""
        return str(self.data["status"])

    @property
    def is_final(self) -> bool:
        """Return whether no further outcome follows automatically."""
        return self.status != "deferred"

    @property
    def error_code(self) -> str:
        """Return the code of the error, or an empty text."""
        return str(self.data.get("error", {}).get("code", ""))

    @property
    def elapsed_ms(self) -> int:
        """Return the milliseconds from the start of processing to the verdict."""
        return int(self.data["timings"]["elapsedMs"])

    def result(self) -> str:
        """Return the group id, or in a few words why it is missing."""
        if self.status == "rejected":
            return ", ".join(f"{each['path']} {each['rule']}" for each in self.data["violations"])
        return str(self.data.get("expressSyncId") or self.error_code)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message from the result queue; `outcome` is None if its body is not a valid outcome."""

    message: Message
    outcome: Outcome | None


def read(body: str) -> Outcome | None:
    """Return the outcome in a message body, or None if the body is not a valid outcome."""
    value = read_body(body)
    if not isinstance(value, dict):
        return None
    event = {
        name: member for name, member in value.items() if member is not None
    }  # null members of an event are absent
    return Outcome(event) if _VALIDATOR.is_valid(event) else None


def arrivals(mailbox: Mailbox, seconds_left: Callable[[], float]) -> Iterator[tuple[Arrival, ...]]:
    """Yield what each poll received until no seconds are left; an empty tuple for a poll that received nothing."""
    while (left := seconds_left()) > 0:
        received = mailbox.receive(math.ceil(min(left, MAX_POLL_SECONDS)))
        yield tuple(Arrival(message, read(message.body)) for message in received)
