"""Outcomes as they come out of the result queue: read, held against their schema, and followed until one has enough.

Knows the outcome contract and how a queue is polled; must not know what is done with an outcome.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jsonschema import Draft7Validator

from handler.inbound.validation import SCHEMAS

_VALIDATOR = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
LONGEST_POLL_SECONDS = 5  # short enough for a progress display to stay true


class Message(Protocol):
    """What following needs of a message."""

    @property
    def message_id(self) -> str: ...

    @property
    def body(self) -> str: ...

    @property
    def receipt_handle(self) -> str: ...


class Mailbox(Protocol):
    """The result queue: at most 16 messages of it at once, waited for; and deleted by their receipt handles."""

    def receive(self, wait_seconds: int) -> Sequence[Message]: ...

    def delete(self, receipt_handles: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One announced outcome; `event` is the whole CloudEvent and keeps the outcome schema."""

    event: Mapping[str, Any]

    @property
    def data(self) -> Mapping[str, Any]:
        """The verdict itself."""
        found: Mapping[str, Any] = self.event["data"]
        return found

    @property
    def identity(self) -> tuple[str, str]:
        """What two announcements of the same verdict have in common."""
        return self.event["source"], self.event["id"]

    @property
    def subject(self) -> str:
        """The requestId, or for a message without a usable one the message's id."""
        return str(self.event["subject"])

    @property
    def submission_id(self) -> str:
        """The id of the message that brought the request first, or of the replay."""
        return str(self.data.get("submissionId", self.data["messageId"]))

    @property
    def status(self) -> str:
        """One of the five statuses."""
        return str(self.data["status"])

    @property
    def is_final(self) -> bool:
        """Whether nothing more comes by itself."""
        return self.status != "deferred"

    @property
    def error_code(self) -> str:
        """The code of the error, empty if there is none."""
        return str(self.data.get("error", {}).get("code", ""))

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds from the start of the work to the verdict."""
        return int(self.data["timings"]["elapsedMs"])

    def result(self) -> str:
        """The group id, or else why there is none, in a few words."""
        if self.status == "rejected":
            return ", ".join(f"{each['path']} {each['rule']}" for each in self.data["violations"])
        return str(self.data.get("expressSyncId") or self.error_code)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message of the result queue; `outcome` is None for one that is no outcome."""

    message: Message
    outcome: Outcome | None


def read(body: str) -> Outcome | None:
    """The outcome in a message body, None if it is not one."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return Outcome(event) if _VALIDATOR.is_valid(event) else None


def arrivals(mailbox: Mailbox, seconds_left: Callable[[], float]) -> Iterator[tuple[Arrival, ...]]:
    """What arrives, poll by poll, until no seconds are left; an empty tuple for each poll that brought nothing."""
    while (left := seconds_left()) > 0:
        received = mailbox.receive(math.ceil(min(left, LONGEST_POLL_SECONDS)))
        yield tuple(Arrival(message, read(message.body)) for message in received)
