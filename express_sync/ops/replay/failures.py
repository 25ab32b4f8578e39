"""Events that ended without their group, read and chosen from. Pure; it must not know where they lie.

A failure is an outcome that tells of one, or a dead letter, on which nobody has reached a verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Any

from handler.inbound.strict_json import flaws, read_body
from handler.model import Document

STATUSES = ("failed", "indeterminate")
UNDECIDED = "undecided"
CARRIED = ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")
LONGEST_ATTRIBUTE = 512

NO_OUTCOME = "is no outcome"
NO_REQUEST = "holds no request"
_NO_FAILURE = {
    "succeeded": "holds a succeeded outcome",
    "deferred": "holds a deferred outcome, whose request is tried again by itself",
    "rejected": "holds a rejected outcome, whose request has to be corrected and submitted",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """`event` is the outcome, empty for a dead letter; two failures of the same `identity` are the same."""

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
        """The requestId, empty where the request has none."""
        return str(self.request.get("requestId", ""))

    @property
    def replay_id(self) -> str:
        """The id of the replay that has failed, empty if it was none."""
        return str(_object(self.event.get("data")).get("replayId", ""))

    @property
    def is_terminal(self) -> bool:
        """Whether the same request is known to fail in the same way until somebody changes something."""
        return self.status == "failed" and not self.retryable


@dataclass(frozen=True, slots=True)
class Stranger:
    """What lies among failures and is none: broken, or else an outcome that calls for no replay.

    `why` continues a sentence that begins with its place.
    """

    why: str
    is_broken: bool = True


@dataclass(frozen=True, slots=True)
class Filter:
    """Which failures are meant; what is not given does not matter. A dead letter has no code."""

    statuses: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    requesters: frozenset[str] = frozenset()
    name: str = "*"
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    def matches(self, failure: Failure, now: datetime) -> bool:
        """Whether this failure is meant, seen at `now`; `name` is a pattern with * ? [abc], case counts."""
        age = now - failure.occurred_at
        return (
            _is_among(failure.status, self.statuses)
            and _is_among(failure.code, self.codes)
            and _is_among(failure.request.get("requester"), self.requesters)
            and fnmatchcase(str(failure.request.get("name", "")), self.name)
            and (self.older_than is None or age > self.older_than)
            and (self.newer_than is None or age < self.newer_than)
        )


def read(text: str) -> Failure | Stranger:
    """The failure in the text of an outcome."""
    value = read_body(text)
    event = _object(None if flaws(value) else value)
    data = _object(event.get("data"))
    status, identity, occurred_at = data.get("status"), _identity(event), _moment(event.get("time"))
    if event.get("type") != f"expresssync.provision.{status}.v1" or identity is None or occurred_at is None:
        return Stranger(NO_OUTCOME)
    if status not in STATUSES:
        return Stranger(_NO_FAILURE.get(str(status), NO_OUTCOME), is_broken=str(status) not in _NO_FAILURE)
    error, request = _object(data.get("error")), data.get("request")
    if not isinstance(request, Mapping):
        return Stranger(NO_REQUEST)
    code, retryable = str(error.get("code", "")), error.get("retryable") is True
    return Failure(identity, status, code, retryable, occurred_at, request, _carried(event), event)


def dead_letter(identity: str, document: object, attributes: Mapping[str, str], since: datetime) -> Failure | Stranger:
    """The failure that a dead letter stands for; `document` and `attributes` are those of its delivery."""
    if not isinstance(document, Mapping):
        return Stranger(NO_REQUEST)
    return Failure(identity, UNDECIDED, "", True, since, document, _carried(attributes))


def _identity(event: Mapping[str, Any]) -> str | None:
    source, event_id = event.get("source"), event.get("id")
    return f"{source} {event_id}" if isinstance(source, str) and isinstance(event_id, str) else None


def _carried(event: Mapping[str, Any]) -> dict[str, str]:
    found = {name: event[name] for name in CARRIED if name in event}
    return {name: text for name, text in found.items() if isinstance(text, str) and len(text) <= LONGEST_ATTRIBUTE}


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_among(value: object, wanted: frozenset[str]) -> bool:
    return not wanted or any(value == each for each in wanted)
