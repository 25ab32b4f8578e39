"""Builds the CloudEvent that publishes a verdict.

The id is a digest of the submission and the verdict, without times and counts, so a repeated publication has the same.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handler.inbound.request_event import EVENT_TYPE_PREFIX, Lineage
from handler.model import MAX_MESSAGE_BYTES, Deferred, Failed, Indeterminate, Reason, Rejected, Succeeded, Verdict
from handler.provisioning.provisioner import CREATE

MAX_CALLS = 20  # in one outcome, the latest ones
_COMPACT = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API: its operation, the code of its answer, when it began, its duration, the wait after it."""

    operation: str
    code: str
    began_at: datetime
    took_seconds: float
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Processing:
    """How a verdict was reached: when it began and ended, and every call of the API, in order."""

    started_at: datetime
    finished_at: datetime
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeContext:
    """What an outcome states beside the verdict: its source, message, request and submission, and the processing."""

    source: str
    message_id: str
    request_id: str | None
    lineage: Lineage
    processing: Processing


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict to publish: its status, which is also the tag that subscribers filter on, the event, and its text."""

    status: str
    event: Mapping[str, Any]
    text: str

    @staticmethod
    def of(status: str, event: Mapping[str, Any]) -> "Outcome":
        """Return the outcome with its text: one line of ASCII JSON, which neither XML nor a log can change."""
        return Outcome(status, event, _COMPACT.encode(event))


def outcome_of(verdict: Verdict, request: object, context: OutcomeContext) -> Outcome:
    """Return the outcome of one submission; `request` is the original document, valid or not.

    An outcome that is too large for the topic is shortened; `omitted` names what is left out.
    """
    outcomes = (Outcome.of(verdict.status, event) for event in _shortened(_event(verdict, request, context)))
    return next(outcome for outcome in outcomes if len(outcome.text) <= MAX_MESSAGE_BYTES)


def _event(verdict: Verdict, request: object, context: OutcomeContext) -> dict[str, Any]:
    lineage, processing = context.lineage, context.processing
    subject = context.request_id or lineage.submission_id  # a requeued message has another id
    timings = _timings(processing)
    replayable = request if isinstance(request, Mapping) else {}  # nothing else can be sent again
    return {
        "specversion": "1.0",
        "id": _digest(lineage.submission_id, subject, verdict.status, *_identity_parts(verdict, lineage)),
        "source": context.source,
        "type": f"{EVENT_TYPE_PREFIX}.{verdict.status}.v1",
        "subject": subject,
        "time": timings["finishedAt"],
        "sequence": _sequence(verdict, lineage.generation),
        "datacontenttype": "application/json",
        **lineage.attributes,
        "data": {
            "requestId": context.request_id,
            "status": verdict.status,
            **_verdict_fields(verdict, processing.finished_at),
            **({"replayId": lineage.replay_id} if lineage.replay_id else {}),
            "generation": lineage.generation,
            "attempts": sum(call.operation == CREATE for call in processing.calls),
            "messageId": context.message_id,
            "submissionId": lineage.submission_id,
            "timings": timings,
            "calls": [_call(call) for call in processing.calls[-MAX_CALLS:]],
            **({"request": replayable} if isinstance(verdict, Failed | Indeterminate | Deferred) else {}),
        },
    }


def _shortened(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the event, then without its calls, then with a request of which only the requestId is left.

    Only a request that validation has not passed can be that large, and such a request cannot be replayed anyway.
    """
    yield event
    data = {**event["data"], "calls": [], "omitted": ["calls"]}
    yield {**event, "data": data}
    request = {"requestId": data["requestId"]} if data["requestId"] else {}
    yield {**event, "data": {**data, "request": request, "omitted": ["calls", "request"]}}


def _sequence(verdict: Verdict, generation: int) -> str:
    """Return the sequence of an outcome: of all on one submission, that with the greatest text is valid.

    A later generation outranks an earlier one, and a final verdict a deferral. A final `indeterminate` outranks a
    `failed` of any generation: a message of an earlier generation may be redelivered after the `failed` and make the
    group, and under some policies it cannot tell that the group is its own. A success outranks everything.
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
        "waitMs": round(call.wait_seconds * 1000),
    }


def _timings(processing: Processing) -> dict[str, Any]:
    elapsed = processing.finished_at - processing.started_at
    return {
        "startedAt": _timestamp(processing.started_at),
        "finishedAt": _timestamp(processing.finished_at),
        "elapsedMs": max(0, round(elapsed.total_seconds() * 1000)),
        "waitedMs": round(sum(call.wait_seconds for call in processing.calls) * 1000),
    }


def _verdict_fields(verdict: Verdict, finished_at: datetime) -> dict[str, Any]:
    match verdict:
        case Succeeded(express_sync_id, disposition):
            return {"expressSyncId": express_sync_id, "disposition": disposition}
        case Rejected(violations):
            return {"violations": [{"path": v.path, "rule": v.rule, "message": v.message} for v in violations]}
        case Deferred(reason, delay_seconds):
            next_attempt_at = finished_at + timedelta(seconds=delay_seconds)
            return {"error": _error(reason), "nextAttemptAt": _timestamp(next_attempt_at)}
        case _:
            return {"error": _error(verdict.reason)}


def _identity_parts(verdict: Verdict, lineage: Lineage) -> tuple[str, ...]:
    """Return what distinguishes verdicts of one status on a submission; only deferrals differ by generation."""
    match verdict:
        case Succeeded(express_sync_id):
            return (express_sync_id,)
        case Rejected(violations):
            return ("\n".join(f"{v.path} {v.rule}" for v in violations),)
        case Deferred(reason):
            return (reason.code, str(lineage.generation))
        case _:
            return (verdict.reason.code,)


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
