"""Records submissions of the portal before they are sent: new requests, and replays of failures.

Each is an event of the log, too, so that whoever follows the log sees it. The message to send is stored in the same
transaction.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from express_sync.portal.derivation import ACCEPTED, Submission
from express_sync.portal.store import feed, outbox
from express_sync.portal.store.documents import canonical
from express_sync.portal.store.projection import (
    add_request,
    add_submission,
    change_content,
    complete_request,
    content_of,
    owner_of,
    request_row,
    settle,
    submissions_of,
)
from express_sync.portal.store.tables import events
from express_sync.portal.values import optional

SOURCE = "/express-sync/portal"
PORTAL, REPLAY = "portal", "replay"
_KINDS = {PORTAL: "accepted", REPLAY: "replayed"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message to send, the id of the submission in it, and whether it is a new request or a replay."""

    submission_id: str
    body: str
    due_at_ms: int
    via: str = PORTAL


def accept(
    connection: Connection, document: Mapping[str, Any], envelope: Envelope, at_ms: int, *, may_claim: bool = False
) -> bool:
    """Record a request whose `requester` is settled, and return whether it is recorded.

    The same request again changes nothing. It is not recorded if its requestId belongs to another request: one with
    other content, or one of another requester. A request that was sent past the portal, and whose events do not tell
    its requester, belongs to no requester until one who `may_claim` it names one.
    """
    position = feed.advance(connection, 1)
    row = request_row(connection, document["requestId"])
    if row is not None and row["document"] is not None:
        return _is_known(connection, row, document)
    if row is None:
        add_request(connection, document["requestId"], document, position, at_ms)
    elif row["requester"] != document.get("requester") and (row["requester"] or not may_claim):
        return False
    else:  # known from events that did not contain the request
        complete_request(connection, row, document)
    _add(connection, _event(document, envelope, position, at_ms), row, envelope)
    return True


def replay(connection: Connection, document: Mapping[str, Any], envelope: Envelope, at_ms: int) -> bool:
    """Record a replay of a stored request with this document; return False if this replay is recorded already."""
    position = feed.advance(connection, 1)
    request_id = document["requestId"]
    if any(each.submission_id == envelope.submission_id for each in submissions_of(connection, request_id)):
        return False
    content = content_of(document)
    change_content(connection, request_id, {name: content[name] for name in ("name", "name_key", "document")})
    row = request_row(connection, request_id)
    _add(connection, _event(document, envelope, position, at_ms), row, envelope)
    return True


def _add(connection: Connection, event: Mapping[str, Any], row: RowMapping | None, envelope: Envelope) -> None:
    request_id, position, at_ms = event["request_id"], event["position"], event["received_at"]
    submission = Submission(envelope.submission_id, at_ms, informed=position)
    add_submission(connection, request_id, submission, envelope.via)
    connection.execute(insert(events).values(**event, owner=owner_of(row, event["requester"])))
    settle(connection, request_id, row, position, at_ms)
    outbox.put(connection, request_id, envelope.submission_id, envelope.body, envelope.due_at_ms)


def _is_known(connection: Connection, row: RowMapping, document: Mapping[str, Any]) -> bool:
    """Return whether the request has this document, or had it when it was submitted, before a replay edited it."""
    of_request = (events.c.request_id == row["request_id"]) & (events.c.kind == _KINDS[PORTAL])
    accepted = connection.execute(select(events.c.body).where(of_request)).scalars()
    return any(json.loads(text) == document for text in (row["document"], *accepted))


def own_event(
    position: int, kind: str, *, event_id: str, request_id: str, document: Mapping[str, Any], at_ms: int
) -> dict[str, Any]:
    """Return the columns that every event of the portal itself has; events of the function come from outcomes."""
    return {
        "position": position,
        "kind": kind,
        "source": SOURCE,
        "event_id": event_id,
        "sequence": "",
        "request_id": request_id,
        "submission_id": event_id,
        "occurred_at": at_ms,
        "received_at": at_ms,
        "body": canonical(document),
    }


def _event(document: Mapping[str, Any], envelope: Envelope, position: int, at_ms: int) -> dict[str, Any]:
    return {
        **own_event(
            position,
            _KINDS[envelope.via],
            event_id=envelope.submission_id,
            request_id=document["requestId"],
            document=document,
            at_ms=at_ms,
        ),
        "status": ACCEPTED,
        "requester": optional(document.get("requester")),
    }
