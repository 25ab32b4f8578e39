"""A verdict as the CloudEvent that announces it. It must not know how the verdict came about or where it goes.

The id is a digest of what the verdict is, never of when or how often it was reached: a repeated publication has the
same id, by which with its source consumers know it, as the CloudEvents specification lets them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handler.lineage import Lineage
from handler.model import Deferred, Failed, Indeterminate, Reason, Rejected, Succeeded, Verdict

_COMPACT = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What surrounds a verdict: whose, in which message, from which event, reached when and after what."""

    source: str
    message_id: str
    request_id: str | None
    lineage: Lineage
    attempts: int
    waited_seconds: float
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """An announced verdict: its status, which is also the tag subscribers filter on, and the event."""

    status: str
    event: Mapping[str, Any]

    def text(self) -> str:
        """The event as one line of ASCII JSON, which neither XML nor a log can change; by contract below 64 KiB."""
        return _COMPACT.encode(self.event)


def announce(verdict: Verdict, request: Mapping[str, Any] | None, about: Circumstances) -> Outcome:
    """The outcome of one delivery; `request` is the original as it came, None where it breaks the contract."""
    status = type(verdict).__name__.lower()
    subject = about.request_id or about.message_id
    event = {
        "specversion": "1.0",
        "id": _digest(subject, status, *_essence(verdict, about.lineage)),
        "source": about.source,
        "type": f"expresssync.provision.{status}.v1",
        "subject": subject,
        "time": _timestamp(about.finished_at),
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
            "timings": _timings(about),
            **({"request": request} if isinstance(verdict, Failed | Indeterminate | Deferred) else {}),
        },
    }
    return Outcome(status, event)


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
    """What makes this verdict another than one of the same status on the same request.

    A success is one however it came about. A replay asks anew, so what it is told otherwise is new. The generation
    tells deferrals apart; a final verdict is the same one in whichever generation it is reached.
    """
    match verdict:
        case Succeeded(express_sync_id):
            return (express_sync_id,)
        case Rejected(violations):
            return ("\n".join(f"{v.path} {v.rule}" for v in violations), lineage.replay_id)
        case Deferred(reason):
            return (reason.code, lineage.replay_id, str(lineage.generation))
        case unsuccessful:
            return (unsuccessful.reason.code, lineage.replay_id)


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
