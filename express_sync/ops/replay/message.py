"""Builds the message that replays a failure, or says why the failure cannot be replayed.

Replaying the same failure in the same way gives the same message, replay id included. So an interrupted replay can be
repeated: if a request is sent twice, consumers recognise the second outcome by its event id.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from express_sync.ops.replay.failures import Failure
from handler.inbound.request_event import Lineage, encode
from handler.inbound.validation import violations
from handler.model import Document, Violation

SOURCE = "/express-sync/replay"
_REQUEST_ID_IS_FIXED = Violation("$.requestId", "identity", "identifies the request and cannot be changed")


@dataclass(frozen=True, slots=True)
class Replay:
    """A message that sends a request again; `body` is ASCII and far below the maximum size of a message."""

    request_id: str
    replay_id: str
    body: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failure cannot be replayed: its request violates these rules; if the list is empty, its error is terminal."""

    violations: tuple[Violation, ...] = ()


def wrong_edits(edits: Mapping[str, str]) -> tuple[Violation, ...]:
    """Return every rule that the new values of properties violate in any request."""
    if "requestId" in edits:
        return (_REQUEST_ID_IS_FIXED,)
    return tuple(violation for violation in violations(edits) if violation.rule != "required")


def replay(failure: Failure, edits: Mapping[str, str], *, force: bool) -> Replay | Refusal:
    """Return the message that sends the request of a failure again, edited; its generation starts at 0."""
    if failure.is_terminal and not force:
        return Refusal()
    request = {**failure.request, **edits}
    broken = violations(request)
    if broken:
        return Refusal(broken)
    digest = _digest(failure.identity, request)
    lineage = Lineage(failure.attributes, replay_id=f"rp-{digest[:12]}")
    return Replay(failure.request_id, lineage.replay_id, encode(request, lineage, SOURCE, digest))


def _digest(identity: str, request: Document) -> str:
    return hashlib.sha256(json.dumps([identity, request], sort_keys=True).encode()).hexdigest()[:32]
