"""Deliveries to announced outcomes, each isolated from its neighbours. It must not know events, URLs or settings."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Protocol, TypeVar

from handler import answers, ownership, validation
from handler.envelope import Delivery
from handler.insist import SHORTEST_CALL_SECONDS, Attempt
from handler.model import Indeterminate, ProvisionRequest, Rejected, Unanswered, Verdict
from handler.outcome import Circumstances, Outcome, announce
from handler.provision import Deadlines, Provisioner
from handler.smq import SmqError

T = TypeVar("T")
HANDLER_FAULT = Unanswered("HandlerFault", sent=True)


class Journal(Protocol):
    """Who is told what happens to one delivery."""

    def attempted(self, attempt: Attempt) -> None: ...

    def decided(self, outcome: Outcome) -> None: ...

    def not_announced(self, outcome: Outcome, code: str) -> None: ...

    def left(self) -> None: ...

    def failed(self, fault: Exception) -> None: ...


@dataclass(slots=True)
class _Effort:
    """What it took: create calls made, seconds waited."""

    journal: Journal
    attempts: int = 0
    waited_seconds: float = 0.0

    def observe(self, attempt: Attempt) -> None:
        self.attempts += attempt.operation == "CreateExpressSync"
        self.waited_seconds += attempt.wait_seconds or 0.0
        self.journal.attempted(attempt)


@dataclass(slots=True)
class _Lane:
    """The deliveries of one request, by their places in the batch, and the doubt that one of them has ended in."""

    request_id: str | None
    places: list[int] = field(default_factory=list)
    doubt: Indeterminate | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The collaborators of an invocation, given once. `source` is the CloudEvents source of every outcome."""

    provisioner: Provisioner
    publish: Callable[[Outcome, float], None]
    utc_now: Callable[[], datetime]
    journal_of: Callable[[Delivery, str | None], Journal]
    source: str
    concurrency: int

    def work(self, deliveries: Sequence[Delivery], deadlines: Deadlines) -> list[Outcome | None]:
        """Each delivery's outcome once it is announced, in order; None where the delivery has to come back.

        Deliveries of one request are worked one after the other: side by side, one could announce a refusal that it
        met before the other had made the group, after the other had announced the group. Once one of them has ended
        in doubt, the others share it: what it sent may still land, which they could not know.
        """

        def work_lane(lane: _Lane) -> list[tuple[int, Outcome | None]]:
            return [(place, self._work_one(deliveries[place], lane, deadlines)) for place in lane.places]

        lanes = _lanes(validation.usable_request_id(delivery.document) for delivery in deliveries)
        outcomes = dict(chain.from_iterable(self._side_by_side(work_lane, lanes)))
        return [outcomes[place] for place in range(len(deliveries))]

    def _side_by_side(self, work: Callable[[_Lane], T], lanes: Sequence[_Lane]) -> list[T]:
        if len(lanes) <= 1:
            return [work(lane) for lane in lanes]
        with ThreadPoolExecutor(min(self.concurrency, len(lanes))) as pool:
            return list(pool.map(work, lanes))

    def _work_one(self, delivery: Delivery, lane: _Lane, deadlines: Deadlines) -> Outcome | None:
        journal = self.journal_of(delivery, lane.request_id)
        if self.provisioner.clock.now() + SHORTEST_CALL_SECONDS > deadlines.create:
            journal.left()
            return None
        outcome = self._decide(delivery, lane, deadlines, journal)
        try:
            self.publish(outcome, deadlines.publish)
        except SmqError as error:
            journal.not_announced(outcome, error.code)
            return None
        journal.decided(outcome)
        return outcome

    def _decide(self, delivery: Delivery, lane: _Lane, deadlines: Deadlines, journal: Journal) -> Outcome:
        started_at = self.utc_now()
        effort = _Effort(journal)
        try:
            verdict = self._verdict(delivery, lane, deadlines, effort)
        except Exception as fault:  # a fault of ours must neither harm the neighbours nor be a lie
            journal.failed(fault)
            verdict = Indeterminate(answers.reason(HANDLER_FAULT))
        if isinstance(verdict, Indeterminate):
            lane.doubt = verdict
        about = Circumstances(
            source=self.source,
            message_id=delivery.message_id,
            request_id=lane.request_id,
            attributes=delivery.attributes,
            attempts=effort.attempts,
            waited_seconds=effort.waited_seconds,
            started_at=started_at,
            finished_at=self.utc_now(),
        )
        return announce(verdict, delivery.document, about)

    def _verdict(self, delivery: Delivery, lane: _Lane, deadlines: Deadlines, effort: _Effort) -> Verdict:
        broken = delivery.flaws or validation.violations(delivery.document)
        if broken:
            return Rejected(broken)
        request = ProvisionRequest.of(delivery.document)
        if self.provisioner.policy.adoption == "owned" and ownership.violations(request):
            return Rejected(ownership.violations(request))
        return lane.doubt or self.provisioner.provision(request, deadlines, effort.observe)


def _lanes(request_ids: Iterable[str | None]) -> list[_Lane]:
    """The lanes in order; each delivery without a usable request id has one of its own."""
    lanes: dict[str | int, _Lane] = {}
    for place, request_id in enumerate(request_ids):
        key = place if request_id is None else request_id
        lanes.setdefault(key, _Lane(request_id)).places.append(place)
    return list(lanes.values())
