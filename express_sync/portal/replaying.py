"""Decides which stored failures can be replayed, and builds their messages with the command line's own rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from express_sync.ops.replay.failures import Failure, read
from express_sync.ops.replay.message import Refusal, replay
from express_sync.portal.store.submitting import REPLAY, Envelope
from handler.model import Violation


@dataclass(frozen=True, slots=True)
class Edited:
    """A replay: the document that is sent, and its message."""

    document: Mapping[str, Any]
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class NotReplayed:
    """Why a request is not replayed: `reason`, and the rules that the edited request violates."""

    reason: str
    violations: tuple[Violation, ...] = ()


NOT_A_FAILURE, TERMINAL, INVALID = "not-a-failure", "terminal-error", "invalid"


def edited(body: str, edits: Mapping[str, str], due_at_ms: int, *, force: bool) -> Edited | NotReplayed:
    """Return the replay of the failure in an event, with other values of some properties.

    `force` includes errors that the same request meets again unless their cause was fixed.
    """
    failure = read(body)
    if not isinstance(failure, Failure):
        return NotReplayed(NOT_A_FAILURE)
    message = replay(failure, edits, force=force)
    if isinstance(message, Refusal):
        return NotReplayed(INVALID if message.violations else TERMINAL, message.violations)
    document = {**failure.request, **edits}
    return Edited(document, Envelope(message.replay_id, message.body, due_at_ms, REPLAY))
