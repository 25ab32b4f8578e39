"""A verdict as the CloudEvent that announces it.

The id is a digest of the submission and of what the verdict is, never of when or how often it was reached: a repeated
publication has the same id, by which with its source consumers know it, as the CloudEvents specification lets them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handler.inbound.request_event import Lineage
from handler.model import MESSAGE_BYTES, Deferred, Failed, Indeterminate, Reason, Rejected, Succeeded, Verdict

MOST_CALLS = 20  # in one outcome, the latest ones
_COMPACT = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API: which operation, the code of its answer, when it began, its duration, the wait after it."""

    operation: str
    code: str
    began_at: datetime
    took_seconds: float
    wait_seconds: float | None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Metadata of a verdict: source, message, request, submission, attempts, calls and timing."""

    source: str
    message_id: str
    request_id: str | None
    lineage: Lineage
    attempts: int
    waited_seconds: float
    started_at: datetime
    finished_at: datetime
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict to announce: its status, which is also the tag that subscribers filter on, and the event."""

    status: str
    event: Mapping[str, Any]

    def text(self) -> str:
        """Return the event as one line of ASCII JSON, which neither XML nor a log can change; at most 64 KiB."""
        return _COMPACT.encode(self.event)


def announce(verdict: Verdict, request: object, about: Circumstances) -> Outcome:
    """Return the outcome of one submission; `request` is the original as it came, whatever that was.

    An outcome that no topic would accept is shortened: what is left out is named in `omitted`.
    """
    status = type(verdict).__name__.lower()
    return Outcome(status, _fitted(_event(status, verdict, request, about)))


def _event(status: str, verdict: Verdict, request: object, about: Circumstances) -> dict[str, Any]:
    subject = about.request_id or about.lineage.submission_id  # a message that is sent again has another id
    return {
        "specversion": "1.0",
        "id": _digest(about.lineage.submission_id, subject, status, *_essence(verdict, about.lineage)),
        "source": about.source,
        "type": f"expresssync.provision.{status}.v1",
        "subject": subject,
        "time": _timestamp(about.finished_at),
        "sequence": _sequence(verdict, about.lineage.generation),
        "datacontenttype": "application/json",
        **about.lineage.attributes,
        "data": {
            "requestId": about.request_id,
            "status": status,
            **_said(verdict, about),
            **({"replayId": about.lineage.replay_id} if about.lineage.replay_id else {}),
            "generation": about.lineage.generation,
            "attempts": about.attempts,
            "messageId": about.message_id,
            "submissionId": about.lineage.submission_id,
            "timings": _timings(about),
            "calls": [_call(call) for call in about.calls[-MOST_CALLS:]],
            **({"request": _object(request)} if isinstance(verdict, Failed | Indeterminate | Deferred) else {}),
        },
    }


def _object(request: object) -> Mapping[str, Any]:
    """Return the request, or an empty one for what cannot be replayed because it is not even an object."""
    return request if isinstance(request, Mapping) else {}


def _fitted(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event, shortened as far as it is too large for a message."""
    return next(each for each in _ever_shorter(event) if len(_COMPACT.encode(each)) <= MESSAGE_BYTES)


def _ever_shorter(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the event, then without its calls, then with a request of which only the requestId is left.

    Only a request that validation has not passed can be that large, and such a request cannot be replayed anyway.
    """
    yield event
    data = {**event["data"], "calls": [], "omitted": ["calls"]}
    yield {**event, "data": data}
    request = {"requestId": data["requestId"]} if data["requestId"] else {}
    yield {**event, "data": {**data, "request": request, "omitted": ["calls", "request"]}}


def _sequence(verdict: Verdict, generation: int) -> str:
    """Return the place of a verdict among those on one submission: of two, the greater text holds.

    A later generation knows more than an earlier one, and a final verdict more than a deferral. A final doubt holds
    against a `failed` of any generation: a message of an earlier one may come back after the `failed`, make the group
    and not be allowed to say whose it is. A success is never taken back.
    """
    match verdict:
        case Succeeded():
            return "9999-3"
        case Indeterminate():
            return "9998-2"
        case Deferred():
            rank = 0
        case _:
            rank = 1
    return f"{generation:04d}-{rank}"


def _call(call: Call) -> dict[str, Any]:
    return {
        "operation": call.operation,
        "code": call.code,
        "at": _timestamp(call.began_at),
        "tookMs": round(call.took_seconds * 1000),
        "waitMs": round((call.wait_seconds or 0.0) * 1000),
    }


def _timings(about: Circumstances) -> dict[str, Any]:
    elapsed = about.finished_at - about.started_at
    return {
        "startedAt": _timestamp(about.started_at),
        "finishedAt": _timestamp(about.finished_at),
        "elapsedMs": max(0, round(elapsed.total_seconds() * 1000)),
        "waitedMs": round(about.waited_seconds * 1000),
    }


def _said(verdict: Verdict, about: Circumstances) -> dict[str, Any]:
    match verdict:
        case Succeeded(express_sync_id, disposition):
            return {"expressSyncId": express_sync_id, "disposition": disposition}
        case Rejected(violations):
            return {"violations": [{"path": v.path, "rule": v.rule, "message": v.message} for v in violations]}
        case Deferred(reason, delay_seconds):
            next_attempt_at = about.finished_at + timedelta(seconds=delay_seconds)
            return {"error": _error(reason), "nextAttemptAt": _timestamp(next_attempt_at)}
        case unsuccessful:
            return {"error": _error(unsuccessful.reason)}


def _essence(verdict: Verdict, lineage: Lineage) -> tuple[str, ...]:
    """Return what makes this verdict another than one of the same status on the same submission.

    The generation tells deferrals apart; a final verdict is the same one in whichever generation it is reached.
    """
    match verdict:
        case Succeeded(express_sync_id):
            return (express_sync_id,)
        case Rejected(violations):
            return ("\n".join(f"{v.path} {v.rule}" for v in violations),)
        case Deferred(reason):
            return (reason.code, str(lineage.generation))
        case unsuccessful:
            return (unsuccessful.reason.code,)


def _error(reason: Reason) -> dict[str, Any]:
    error: dict[str, Any] = {"code": reason.code, "message": reason.message}
    if reason.http_status is not None:
        error["httpStatus"] = reason.http_status
    if reason.api_request_id:
        error["apiRequestId"] = reason.api_request_id
    return {**error, "retryable": reason.retryable, "hint": reason.hint}


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
