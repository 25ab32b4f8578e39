"""Failures: `failed` or `indeterminate` outcomes, and dead letters, which have no outcome; and a filter for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from express_sync.ops.outcomes.moments import moment
from handler.inbound.request_event import EVENT_TYPE_PREFIX, carried_attributes
from handler.inbound.strict_json import read_body, violations
from handler.model import Document

STATUSES = ("failed", "indeterminate")
UNDECIDED = "undecided"
DEFERRED = "deferred"

NOT_AN_OUTCOME = "is not an outcome"
NO_REQUEST = "contains no request"
_NOT_A_FAILURE = {
    "succeeded": "contains a succeeded outcome",
    "deferred": "contains a deferred outcome, whose request is retried automatically",
    "rejected": "contains a rejected outcome, whose request has to be corrected and submitted",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed; `event` is its outcome, empty for a dead letter. Copies have the same `identity`."""

    identity: str
    status: str
    code: str
    retryable: bool
    occurred_at: datetime
    request: Document
    attributes: Mapping[str, str]
    event: Mapping[str, Any] = field(default_factory=dict)

    @property
    def request_id(self) -> str:
        """Return the requestId, empty if the request has none."""
        return str(self.request.get("requestId", ""))

    @property
    def code_or_status(self) -> str:
        """Return the error code, or the status of a failure without one."""
        return self.code or self.status

    @property
    def replay_id(self) -> str:
        """Return the id of the replay that failed, empty if this was not a replay."""
        return str(_object(self.event.get("data")).get("replayId", ""))

    @property
    def is_terminal(self) -> bool:
        """Return whether the same request would fail in the same way until its cause is fixed."""
        return self.status == "failed" and not self.retryable


@dataclass(frozen=True, slots=True)
class NotAFailure:
    """A message that cannot be replayed: unreadable, or an outcome that is not a failure.

    `why` continues a sentence that begins with the place of the message.
    """

    why: str
    is_unreadable: bool = True


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that a failure must all meet; empty ones accept everything. A dead letter has no code."""

    statuses: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    requesters: frozenset[str] = frozenset()
    name: str = "*"
    older_than: timedelta | None = None
    newer_than: timedelta | None = None
    requests: frozenset[str] = frozenset()

    def matches(self, failure: Failure, now: datetime) -> bool:
        """Return whether a failure meets the conditions at `now`; `name` is a case-sensitive pattern with * ? [abc]."""
        age = now - failure.occurred_at
        return (
            _is_among(failure.request_id, self.requests)
            and _is_among(failure.status, self.statuses)
            and _is_among(failure.code, self.codes)
            and _is_among(failure.request.get("requester"), self.requesters)
            and fnmatchcase(str(failure.request.get("name", "")), self.name)
            and (self.older_than is None or age > self.older_than)
            and (self.newer_than is None or age < self.newer_than)
        )


def deferred(event: Mapping[str, Any]) -> Failure | None:
    """Return the request of a `deferred` outcome as a failure that is retried automatically, None for another event."""
    data, occurred_at = _object(event.get("data")), moment(event.get("time"))
    request = data.get("request")
    if data.get("status") != DEFERRED or occurred_at is None:
        return None
    shown = request if isinstance(request, Mapping) else {"requestId": str(event.get("subject", ""))}
    code = str(_object(data.get("error")).get("code", ""))
    return Failure(str(_identity(event)), DEFERRED, code, True, occurred_at, shown, carried_attributes(event), event)


def read(text: str) -> Failure | NotAFailure:
    """Return the failure in the text of an outcome."""
    value = read_body(text)
    event = _object(None if violations(value) else value)
    data = _object(event.get("data"))
    status, identity, occurred_at = data.get("status"), _identity(event), moment(event.get("time"))
    if event.get("type") != f"{EVENT_TYPE_PREFIX}.{status}.v1" or identity is None or occurred_at is None:
        return NotAFailure(NOT_AN_OUTCOME)
    if status not in STATUSES:
        why = _NOT_A_FAILURE.get(str(status), NOT_AN_OUTCOME)
        return NotAFailure(why, is_unreadable=why == NOT_AN_OUTCOME)
    error, request = _object(data.get("error")), data.get("request")
    if not isinstance(request, Mapping):
        return NotAFailure(NO_REQUEST)
    code, retryable = str(error.get("code", "")), error.get("retryable") is True
    return Failure(identity, status, code, retryable, occurred_at, request, carried_attributes(event), event)


def dead_letter(
    identity: str, document: object, attributes: Mapping[str, str], since: datetime
) -> Failure | NotAFailure:
    """Return the failure in a dead letter; `document` and `attributes` are those of its delivery."""
    if not isinstance(document, Mapping):
        return NotAFailure(NO_REQUEST)
    return Failure(identity, UNDECIDED, "", True, since, document, attributes)


def _identity(event: Mapping[str, Any]) -> str | None:
    source, event_id = event.get("source"), event.get("id")
    return f"{source} {event_id}" if isinstance(source, str) and isinstance(event_id, str) else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_among(value: object, wanted: frozenset[str]) -> bool:
    return not wanted or any(value == each for each in wanted)
