"""Tells how the system is doing: failures, dead letters, waiting and deferred requests, by looking at the queues.

It receives nothing. SMQ lets one look at the first 16 visible messages of a queue, so ages and codes are those of the
oldest messages; the counts are SMQ's own, which may be late by some seconds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from express_sync.ops.doctor.cloud import SMQ, InspectedCloud
from express_sync.ops.doctor.endpoints import needs
from express_sync.ops.doctor.finding import Finding, ok, unknown, wrong
from express_sync.ops.outcomes.reader import read
from express_sync.ops.queues.client import RESULT_QUEUE
from express_sync.ops.queues.inventory import Peeked, QueueState
from express_sync.ops.terminal.output import age_text, counted
from handler.provisioning.error_table import Effect
from handler.provisioning.errors import error_info
from handler.smq.client import SmqError

MAX_WAIT_SECONDS = 60  # a request that waits longer is not being processed
_QUEUES = ("failureQueue", "deadLetterQueue", "requestQueue")
_EMPTY = QueueState()


@dataclass(frozen=True, slots=True)
class Pile:
    """The messages of a queue: how many, and how old the oldest of those that can be seen is, in seconds."""

    state: QueueState = _EMPTY
    oldest_seconds: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """Return the number of messages, those that a reader holds included."""
        return self.state.visible + self.state.hidden


@dataclass(frozen=True, slots=True)
class Health:
    """What waits in the queues of a system; `unreadable` names the queues that cannot be looked at, with the code.

    `obstacle` is the code of what prevents a look at any of them, empty if at least one can be looked at.
    """

    failures: Pile = field(default_factory=Pile)
    dead_letters: Pile = field(default_factory=Pile)
    requests: Pile = field(default_factory=Pile)
    deferral_codes: Counter[str] = field(default_factory=Counter)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    obstacle: str = ""

    @property
    def is_stuck(self) -> bool:
        """Return whether requests wait longer than a working function lets them."""
        return bool(self.requests.state.visible) and self.requests.oldest_seconds > MAX_WAIT_SECONDS

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong, the most urgent first; one good finding if nothing is."""
        found = [*self._wrong()]
        yield from found
        for name, code in self.unreadable.items():
            yield unknown(f"Queue {name} could not be looked at ({code})", "grant mns:PeekMessage to the key")
        if not found and not self.unreadable:
            waiting = self.requests.count
            state = f"{counted(waiting, 'request')} being processed" if waiting else "nothing waits"
            yield ok(f"No failures, dead letters or deferred requests; {state}")

    def document(self) -> dict[str, Any]:
        """Return the health as JSON; ages are in seconds."""
        wrong_ones = [*self._wrong()]
        return {
            "status": "wrong" if wrong_ones else "unknown" if self.unreadable else "ok",
            "failures": self.failures.count,
            "deadLetters": self.dead_letters.count,
            "waiting": self.requests.state.visible,
            "processing": self.requests.state.hidden,
            "deferred": self.requests.state.delayed,
            "oldestSeconds": {
                "failures": self.failures.oldest_seconds,
                "deadLetters": self.dead_letters.oldest_seconds,
                "waiting": self.requests.oldest_seconds,
            },
            "codes": dict(self.failures.codes.most_common()),
            "deferralCodes": dict(self.deferral_codes.most_common()),
            "next": [finding.fix for finding in wrong_ones],
        }

    def _wrong(self) -> Iterator[Finding]:
        if self.failures.count:
            what = f"{counted(self.failures.count, 'failure')} in the failure queue{_oldest(self.failures)}"
            yield wrong(f"{what}{_codes(self.failures.codes)}", _next_for(self.failures.codes))
        if self.dead_letters.count:
            what = f"{counted(self.dead_letters.count, 'dead letter')}{_oldest(self.dead_letters)}"
            yield wrong(what, "see `express-sync failures list --from dead-letters`")
        if self.is_stuck:
            what = f"{counted(self.requests.state.visible, 'request')} not processed{_oldest(self.requests)}"
            yield wrong(
                what, "see the findings on the function and its trigger, and `express-sync logs` on a local cloud"
            )
        if self.requests.state.delayed:
            what = f"{counted(self.requests.state.delayed, 'request')} deferred after a temporary error"
            fix = "they are retried automatically; see `express-sync watch --status deferred`"
            yield wrong(f"{what}{_codes(self.deferral_codes)}", fix)


@needs(SMQ)
def health(cloud: InspectedCloud) -> Iterator[Finding]:
    """Report what has failed and what waits."""
    yield from inspect(cloud).findings()


def inspect(cloud: InspectedCloud) -> Health:
    """Look at the queues that a profile names."""
    unreadable: dict[str, str] = {}

    def look(key: str) -> tuple[QueueState, Sequence[Peeked]]:
        name = cloud.setting(SMQ, key)
        try:
            state = cloud.queue_state(name) if name else _EMPTY
            return state, cloud.inventory.peek(name) if state.visible else ()
        except SmqError as error:
            if error.code != "QueueNotExist":  # the check of the queues reports it
                unreadable[name] = error.code
            return _EMPTY, ()

    failures, dead_letters, requests = (_pile(*look(key), cloud.now_ms) for key in _QUEUES)
    results = look(RESULT_QUEUE)[1] if requests.state.delayed else ()
    deferred = (outcome for outcome in (read(each.body) for each in results) if outcome and not outcome.is_final)
    codes = Counter(outcome.error_code for outcome in deferred)
    obstacles = [unreadable.get(name, "") for name in (cloud.setting(SMQ, key) for key in _QUEUES) if name]
    obstacle = obstacles[0] if all(obstacles) else ""  # the schema of profiles requires a request queue
    return Health(failures, dead_letters, requests, codes, unreadable, obstacle)


def _pile(state: QueueState, seen: Sequence[Peeked], now_ms: int) -> Pile:
    oldest = min((each.enqueued_at_ms for each in seen), default=now_ms)
    outcomes = (read(each.body) for each in seen)
    codes = Counter(outcome.error_code for outcome in outcomes if outcome and outcome.error_code)
    return Pile(state, max(0, (now_ms - oldest) // 1000), codes)


def _oldest(pile: Pile) -> str:
    return f", the oldest for {age_text(pile.oldest_seconds)}" if pile.oldest_seconds else ""


def _codes(codes: Counter[str]) -> str:
    return f" ({', '.join(code for code, _ in codes.most_common(3))})" if codes else ""


def _next_for(codes: Counter[str]) -> str:
    """Return the command to run for the most frequent code."""
    if not codes:
        return "see `express-sync failures list`"
    code = codes.most_common(1)[0][0]
    force = "" if error_info(code, None).effect in (Effect.NOT_EXECUTED, Effect.POSSIBLY_DONE) else " --force"
    return f"see `express-sync failures list --by code`, fix the cause, then `express-sync replay --code {code}{force}`"
