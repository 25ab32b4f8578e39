"""Records submissions of the portal before they are sent: new requests, and replays of failures.

Each is an event of the log, too, so that whoever follows the log sees it. The message to send is stored in the same
transaction.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from express_sync.portal.derivation import ACCEPTED, Submission
from express_sync.portal.store import feed, outbox
from express_sync.portal.store.changes import Change, OnChange
from express_sync.portal.store.documents import canonical
from express_sync.portal.store.projection import add_submission, request_row, settle, submissions_of
from express_sync.portal.store.tables import events, requests
from express_sync.portal.values import folded, optional

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


@dataclass(frozen=True, slots=True)
class Conflict:
    """The requestId belongs to another request: one with other content, or one of another requester."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The submission is in the store; `change` is None if it was there before."""

    change: Change | None


@dataclass(frozen=True, slots=True)
class Submitting:
    """Records submissions; `on_change` takes part in each transaction."""

    on_change: OnChange

    def accept(
        self, connection: Connection, document: Mapping[str, Any], envelope: Envelope, at_ms: int
    ) -> Submitted | Conflict:
        """Record a request whose `requester` is settled. The same request again changes nothing."""
        place = _Place(feed.advance(connection, 1), at_ms)
        row = request_row(connection, document["requestId"])
        if row is None:
            connection.execute(insert(requests).values(**_new_request(document, place)))
        elif row["document"] is not None:
            return Submitted(None) if _is_known(connection, row, document) else Conflict()
        elif row["requester"] not in {None, document.get("requester")}:
            return Conflict()
        else:  # known from events that did not contain the request
            _complete(connection, _new_request(document, place), ("requester", "name", "name_key", "document"))
        return Submitted(self._add(connection, document, row, envelope, place))

    def replay(self, connection: Connection, document: Mapping[str, Any], envelope: Envelope, at_ms: int) -> Submitted:
        """Record a replay of a stored request with this document; the same replay again changes nothing."""
        place = _Place(feed.advance(connection, 1), at_ms)
        request_id = document["requestId"]
        if any(each.submission_id == envelope.submission_id for each in submissions_of(connection, request_id)):
            return Submitted(None)
        _complete(connection, _new_request(document, place), ("name", "name_key", "document"))
        return Submitted(self._add(connection, document, request_row(connection, request_id), envelope, place))

    def _add(
        self,
        connection: Connection,
        document: Mapping[str, Any],
        row: RowMapping | None,
        envelope: Envelope,
        place: "_Place",
    ) -> Change:
        request_id = document["requestId"]
        owner = row["requester"] if row and row["requester"] else optional(document.get("requester"))
        submission = Submission(envelope.submission_id, place.at_ms, informed=place.position)
        add_submission(connection, request_id, submission, envelope.via)
        event = {**_event(document, envelope, place), "owner": owner}
        connection.execute(insert(events).values(**event))
        before = row or {"status": None, "code": None}
        found = settle(connection, request_id, before, place.position, place.at_ms)
        outbox.put(connection, request_id, envelope.submission_id, envelope.body, envelope.due_at_ms)
        change = Change(place.position, request_id, owner, before["status"], found.status, found.terminal)
        self.on_change(connection, change)
        return change


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event is in the log, and when it was appended."""

    position: int
    at_ms: int


def _new_request(document: Mapping[str, Any], place: _Place) -> dict[str, Any]:
    return {
        "request_id": document["requestId"],
        "ordinal": place.position,
        "position": place.position,
        "status": ACCEPTED,
        "terminal": False,
        "requester": optional(document.get("requester")),
        "name": optional(document.get("name")),
        "id_key": folded(document["requestId"]),
        "name_key": folded(document["name"]),
        "document": canonical(document),
        "created_at": place.at_ms,
        "updated_at": place.at_ms,
        "event_position": 0,
    }


def _is_known(connection: Connection, row: RowMapping, document: Mapping[str, Any]) -> bool:
    """Return whether the request has this document, or had it when it was submitted, before a replay edited it."""
    of_request = (events.c.request_id == row["request_id"]) & (events.c.kind == _KINDS[PORTAL])
    accepted = connection.execute(select(events.c.body).where(of_request)).scalars()
    return any(json.loads(text) == document for text in (row["document"], *accepted))


def _complete(connection: Connection, known: Mapping[str, Any], names: Sequence[str]) -> None:
    values = {name: known[name] for name in names}
    connection.execute(update(requests).where(requests.c.request_id == known["request_id"]).values(**values))


def _event(document: Mapping[str, Any], envelope: Envelope, place: _Place) -> dict[str, Any]:
    return {
        "position": place.position,
        "kind": _KINDS[envelope.via],
        "source": SOURCE,
        "event_id": envelope.submission_id,
        "sequence": "",
        "request_id": document["requestId"],
        "submission_id": envelope.submission_id,
        "status": ACCEPTED,
        "requester": optional(document.get("requester")),
        "occurred_at": place.at_ms,
        "received_at": place.at_ms,
        "body": canonical(document),
    }
