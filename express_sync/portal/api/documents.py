"""The JSON documents of the API, built from rows of the store."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from express_sync.portal.clock import to_text
from express_sync.portal.derivation import ACCEPTED, DEFERRED, FAILURES, INDETERMINATE, SUCCEEDED
from express_sync.portal.store.queries import History

_POLL_SECONDS = 2  # without a time of the next attempt
_MAX_RETRY_AFTER_SECONDS = 300  # a replay may come earlier than the next attempt
_DOCUMENT_FIELDS = ("name", "bucketName", "bucketRegion", "bucketPrefix", "description")
_READY = {SUCCEEDED: "True", "failed": "False", "rejected": "False"}
_MESSAGES = {
    ACCEPTED: "The request is on its way to the function.",
    DEFERRED: "A temporary error occurred; the function tries again at the time of the next attempt.",
    SUCCEEDED: "The group exists as requested.",
    "rejected": "The request is invalid.",
    "failed": "The group was not created, and nothing that was sent can still create it.",
    INDETERMINATE: "Whether the group exists is not known.",
}
# Open Service Broker 2.17, "Polling Last Operation": in progress, succeeded or failed.
_OPERATION_STATES = {SUCCEEDED: "succeeded", "failed": "failed", "rejected": "failed"}


def request_path(request_id: str) -> str:
    """Return the path of a request; every character that has a meaning in a path is encoded."""
    return f"/v1/requests/{quote(request_id, safe='')}"


def summary(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a request as lists show it."""
    document = json.loads(row["document"]) if row["document"] else {}
    return {
        "requestId": row["request_id"],
        "status": row["status"],
        "terminal": row["terminal"],
        "code": row["code"],
        "discarded": row["discarded"],
        "requester": row["requester"],
        **{name: document.get(name) for name in _DOCUMENT_FIELDS},
        "expressSyncId": row["express_sync_id"],
        "nextAttemptAt": to_text(row["next_attempt_at"]),
        "createdAt": to_text(row["created_at"]),
        "updatedAt": to_text(row["updated_at"]),
        "links": {"self": request_path(row["request_id"])},
    }


def status_document(history: History, *, is_operator: bool) -> dict[str, Any]:
    """Return everything about a request that its reader may see."""
    row = history.row
    path = request_path(row["request_id"])
    can_replay = is_operator and row["status"] in FAILURES
    return {
        **summary(row),
        "request": json.loads(row["document"]) if row["document"] else None,
        "conditions": list(_conditions(history)),
        "latest": json.loads(history.latest["body"]) if history.latest else None,
        "history": [_entry(each) for each in history.events],
        "historyIsCut": history.is_cut,
        "links": {
            "self": path,
            "lastOperation": f"{path}/last_operation",
            **({"replay": f"{path}/replay"} if can_replay else {}),
            **({"discard": f"{path}/discard"} if can_replay and not row["discarded"] else {}),
        },
    }


def entity_tag(document: Mapping[str, Any]) -> str:
    """Return the ETag of a document, which changes with anything in it."""
    return f'"{hashlib.sha256(json.dumps(document).encode()).hexdigest()[:32]}"'


def names_tag(header: str, tag: str) -> bool:
    """Tell whether a header If-Match or If-None-Match names an ETag; an asterisk names every one (RFC 9110 13.1)."""
    return not {tag, "*"}.isdisjoint(each.strip().removeprefix("W/") for each in header.split(","))


def last_operation(row: Mapping[Any, Any]) -> dict[str, str]:
    """Return the state of a request as Open Service Broker names it."""
    status = row["status"]
    state = _OPERATION_STATES.get(status, "in progress")
    code = f" ({row['code']})" if row["code"] else ""
    return {"state": state, "description": f"{_MESSAGES[status].rstrip('.')}{code}."}


def retry_after(row: Mapping[Any, Any], now_ms: int) -> dict[str, str]:
    """Return the header that says when to ask again; none for a terminal status."""
    if row["terminal"]:
        return {}
    left_ms = (row["next_attempt_at"] or 0) - now_ms
    seconds = math.ceil(left_ms / 1000) + 1 if left_ms > 0 else _POLL_SECONDS
    return {"Retry-After": str(min(seconds, _MAX_RETRY_AFTER_SECONDS))}


def event_text(row: Mapping[Any, Any]) -> str:
    """Return an event of the log as the stream shows it, with the state of its request when it is read."""
    document = {
        **_entry(row),
        "requestId": row["request_id"],
        "requester": row["owner"],
        "request": {
            "status": row["request_status"],
            "terminal": row["request_terminal"],
            "name": row["request_name"],
            "links": {"self": request_path(row["request_id"])},
        },
    }
    return json.dumps(document, separators=(",", ":"))


def _entry(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one event of a request: `event` is the whole outcome, `document` the request of a submission."""
    content = "event" if row["kind"] == "outcome" else "document"
    return {
        "position": row["position"],
        "kind": row["kind"],
        "status": row["status"],
        "code": row["code"],
        "submissionId": row["submission_id"],
        "occurredAt": to_text(row["occurred_at"]),
        "receivedAt": to_text(row["received_at"]),
        content: json.loads(row["body"]),
    }


def _conditions(history: History) -> Sequence[dict[str, Any]]:
    """Return the conditions of a request, in the form that Kubernetes has made usual."""
    row = history.row
    own = [each for each in history.submissions if each["via"] != "queue"]
    sent_at = [each["sent_at"] for each in own]
    is_sent = all(sent_at)
    return (
        {
            "type": "Sent",
            "status": "True" if is_sent else "False",
            "reason": "Confirmed" if is_sent else "Waiting",
            "message": "The request queue has the request." if is_sent else "The request is sent when its turn comes.",
            "lastTransitionTime": to_text(
                max((each or row["updated_at"] for each in sent_at), default=row["created_at"])
            ),
        },
        {
            "type": "Ready",
            "status": _READY.get(row["status"], "Unknown"),
            "reason": row["code"] or row["status"].capitalize(),
            "message": _MESSAGES[row["status"]],
            "lastTransitionTime": to_text(row["updated_at"]),
        },
    )
