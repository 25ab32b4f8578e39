"""Reads messages of the portal's queue: outcomes of the expected function, or something to be quarantined."""

from dataclasses import dataclass

from express_sync.ops.outcomes.reader import Outcome, read
from express_sync.portal.values import MAX_ID, MAX_SOURCE, optional, storable

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
    outcome = read(body)
    if outcome is None or not _has_usable_ids(outcome):
        return Quarantined(MALFORMED, message_id, storable(body))
    if source and outcome.event["source"] != source:
        return Quarantined(FOREIGN, message_id, storable(body))
    return Arrival(outcome, storable(body))


def _has_usable_ids(outcome: Outcome) -> bool:
    ids = ((outcome.subject, MAX_ID), (outcome.submission_id, MAX_ID), (outcome.event["source"], MAX_SOURCE))
    return all(storable(text) == text and len(text) <= length for text, length in ids)
