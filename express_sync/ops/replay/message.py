"""May a failure be replayed, and with which message. Pure, for the command line and the function alike.

Replaying the same failure in the same way gives the same message, replay id included, so that a replay that was cut
short may simply be repeated: if a request then goes twice, consumers know the second verdict by its id. It must
not know where a failure lies or how a message is sent.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from express_sync.ops.replay.failures import Failure
from handler.inbound.validation import violations
from handler.model import Document, Violation

SOURCE = "/express-sync/replay"
TYPE = "expresssync.provision.requested.v1"
_IDENTITY_STAYS = Violation("$.requestId", "identity", "is the identity of the request and must stay as it is")


@dataclass(frozen=True, slots=True)
class Replay:
    """The message that asks again; `body` is ASCII and far below the 64 KiB of a message."""

    request_id: str
    replay_id: str
    body: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a failure is not replayed: the request breaks these rules, or if there are none, its error is terminal."""

    violations: tuple[Violation, ...] = ()


def wrong_edits(edits: Mapping[str, str]) -> tuple[Violation, ...]:
    """Every rule that new values of request properties break, whatever request they are for."""
    if "requestId" in edits:
        return (_IDENTITY_STAYS,)
    return tuple(violation for violation in violations(edits) if violation.rule != "required")


def replay(failure: Failure, edits: Mapping[str, str], *, force: bool) -> Replay | Refusal:
    """The message that asks for the request of `failure` again, with `edits`, from the first generation on."""
    if failure.is_terminal and not force:
        return Refusal()
    request = {**failure.request, **edits}
    broken = violations(request)
    if broken:
        return Refusal(broken)
    digest = _digest(failure.identity, request)
    replay_id = f"rp-{digest[:12]}"
    event = {
        "specversion": "1.0",
        "id": digest,
        "source": SOURCE,
        "type": TYPE,
        "datacontenttype": "application/json",
        "generation": 0,
        "replayid": replay_id,
        **failure.attributes,
        "data": request,
    }
    return Replay(failure.request_id, replay_id, json.dumps(event, separators=(",", ":")))


def _digest(identity: str, request: Document) -> str:
    return hashlib.sha256(json.dumps([identity, request], sort_keys=True).encode()).hexdigest()[:32]
