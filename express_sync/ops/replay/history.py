"""What the outcomes in the result queue tell about failures: which succeeded since, and which requests are deferred."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from express_sync.ops.outcomes.moments import moment
from express_sync.ops.outcomes.reader import Outcome, read
from express_sync.ops.queues.backlog import read_waiting
from express_sync.ops.queues.client import RESULT_QUEUE
from express_sync.ops.replay.failures import Failure, deferred
from express_sync.ops.targets.target import Target
from handler.smq.client import SmqError


@dataclass(frozen=True, slots=True)
class History:
    """The time of the last success by requestId, and the requests whose latest outcome is a deferral."""

    succeeded: dict[str, datetime] = field(default_factory=dict)
    deferred: tuple[Failure, ...] = ()

    def success_after(self, failure: Failure) -> datetime | None:
        """Return when the request of a failure has succeeded since, None if that is not known."""
        success = self.succeeded.get(failure.request_id)
        return success if success is not None and success > failure.occurred_at else None


def history_of(target: Target) -> History:
    """Return the history of a target's requests, as far as its result queue still has it."""
    if not target.profile["mns"].get(RESULT_QUEUE):
        return History()
    try:
        waiting = read_waiting(target.results, target.queue_admin)
    except SmqError:  # the key may not read it, and nothing else needs it
        return History()
    return history(outcome for outcome in map(read, waiting.bodies) if outcome)


def history(outcomes: Iterable[Outcome]) -> History:
    """Return what outcomes in any order tell."""
    succeeded: dict[str, datetime] = {}
    latest: dict[str, Outcome] = {}
    for outcome in outcomes:
        at, known = moment(outcome.event["time"]), latest.get(outcome.submission_id)
        if at is not None and outcome.status == "succeeded":
            succeeded[outcome.subject] = max(at, succeeded.get(outcome.subject, at))
        if known is None or _place(outcome) >= _place(known):
            latest[outcome.submission_id] = outcome
    waiting = (deferred(outcome.event) for outcome in latest.values())
    return History(succeeded, tuple(each for each in waiting if each))


def _place(outcome: Outcome) -> str:
    return str(outcome.event.get("sequence", outcome.event["time"]))
