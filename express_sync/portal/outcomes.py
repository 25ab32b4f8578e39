"""Reads messages of the portal's queue: outcomes of the expected function, or something to be quarantined.

What is appended to the log is read by everybody afterwards, so it must be JSON that every parser accepts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from express_sync.ops.outcomes.reader import Outcome, read
from express_sync.portal.values import MAX_ID, MAX_SOURCE, is_finite, optional, storable
from handler.inbound.request_event import EVENT_TYPE_PREFIX
from handler.inbound.strict_json import violations
from handler.inbound.validation import usable_request_id

MALFORMED, FOREIGN = "malformed", "foreign"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that is not an outcome of the expected source; `reason` is MALFORMED or FOREIGN."""

    reason: str
    message_id: str
    body: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """An outcome with the text that is stored."""

    outcome: Outcome
    body: str

    @property
    def requester(self) -> str | None:
        """Return the requester that the event itself names."""
        return optional(self.outcome.data.get("request", {}).get("requester"))


def classify(message_id: str, body: str, source: str) -> Arrival | Quarantined:
    """Return the outcome in a message; `source` is that of all outcomes, empty if any is accepted."""
    arrival = _arrival(body)
    if arrival is None or not (_has_usable_ids(arrival.outcome) and _is_consistent(arrival.outcome)):
        return Quarantined(MALFORMED, message_id, storable(body))
    if source and arrival.outcome.event["source"] != source:
        return Quarantined(FOREIGN, message_id, storable(body))
    return arrival


def _arrival(body: str) -> Arrival | None:
    """Return the outcome in a body, None if it has none that can be shown.

    A function that failed over a request announces it as it came. If the request cannot be written as JSON, it cannot
    be replayed either, and is left out as the function leaves out one that is too large.
    """
    outcome = read(body)
    if outcome is None:
        return None
    if _is_plain(outcome.event):
        return Arrival(outcome, storable(body))
    request_id = outcome.data["requestId"]
    request = {"requestId": request_id} if request_id else {}
    event = {
        **outcome.event,
        "data": {**outcome.data, "request": request, "omitted": ["calls", "request"], "calls": []},
    }
    return Arrival(Outcome(event), json.dumps(event)) if "request" in outcome.data and _is_plain(event) else None


def _is_plain(event: Mapping[str, Any]) -> bool:
    """Tell whether an event can be written as JSON: of bounded depth, as Unicode, with finite numbers."""
    return not violations(event) and is_finite(event)


def _has_usable_ids(outcome: Outcome) -> bool:
    ids = ((outcome.subject, MAX_ID), (outcome.submission_id, MAX_ID), (outcome.event["source"], MAX_SOURCE))
    return all(text and storable(text) == text and len(text) <= length for text, length in ids)


def _is_consistent(outcome: Outcome) -> bool:
    """Tell whether the parts of an event say the same: one status, one requestId, and an error with a code."""
    has_one_type = outcome.event["type"] == f"{EVENT_TYPE_PREFIX}.{outcome.status}.v1"
    ids = {outcome.data["requestId"], usable_request_id(outcome.data.get("request"))}
    return has_one_type and ids <= {None, outcome.subject} and ("error" not in outcome.data or outcome.error_code != "")
