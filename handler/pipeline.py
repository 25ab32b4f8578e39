"""Deliveries to announced outcomes, each isolated from its neighbours. It must not know events, URLs or settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Protocol

from handler import answers, ownership, validation
from handler.deferral import Deferral
from handler.envelope import Delivery
from handler.insist import SHORTEST_CALL_SECONDS, Attempt
from handler.lanes import Lane, lanes_of, side_by_side
from handler.lineage import sent_again
from handler.model import Deferred, Indeterminate, ProvisionRequest, Rejected, Unanswered, Verdict
from handler.outcome import Circumstances, Outcome, announce
from handler.provision import Deadlines, Provisioner
from handler.smq import SmqError

HANDLER_FAULT = Unanswered("HandlerFault", sent=True)


class Journal(Protocol):
    """Who is told what happens to one delivery."""

    def attempted(self, attempt: Attempt) -> None: ...

    def decided(self, outcome: Outcome) -> None: ...

    def unfinished(self, outcome: Outcome, code: str) -> None: ...

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


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The collaborators of an invocation, given once. `source` is the CloudEvents source of every outcome."""

    provisioner: Provisioner
    deferral: Deferral
    publish: Callable[[Outcome, float], None]
    send_back: Callable[[str, int, float], None]
    utc_now: Callable[[], datetime]
    journal_of: Callable[[Delivery, str | None], Journal]
    source: str
    concurrency: int

    def work(self, deliveries: Sequence[Delivery], deadlines: Deadlines) -> list[Outcome | None]:
        """Each delivery's outcome once it is announced, in order; None where the delivery has to come back.

        Once one delivery of a request has ended in doubt, the others share it: what it sent may still land, which
        they could not know.
        """

        def work_lane(lane: Lane) -> list[tuple[int, Outcome | None]]:
            return [(place, self._work_one(deliveries[place], lane, deadlines)) for place in lane.places]

        lanes = lanes_of(validation.usable_request_id(delivery.document) for delivery in deliveries)
        outcomes = dict(chain.from_iterable(side_by_side(work_lane, lanes, self.concurrency)))
        return [outcomes[place] for place in range(len(deliveries))]

    def _work_one(self, delivery: Delivery, lane: Lane, deadlines: Deadlines) -> Outcome | None:
        journal = self.journal_of(delivery, lane.request_id)
        if self.provisioner.clock.now() + SHORTEST_CALL_SECONDS > deadlines.create:
            journal.left()
            return None
        verdict, about = self._decide(delivery, lane, deadlines, journal)
        outcome = announce(verdict, delivery.document, about)
        try:
            self.publish(outcome, deadlines.publish)
            if isinstance(verdict, Deferred):
                # Only now: a copy in the queue whose deferral nobody was told of would be a verdict out of nowhere.
                self._send_back(delivery, lane, outcome, verdict.delay_seconds, deadlines.publish)
        except SmqError as error:
            journal.unfinished(outcome, error.code)
            return None
        journal.decided(outcome)
        return outcome

    def _send_back(self, delivery: Delivery, lane: Lane, outcome: Outcome, delay_seconds: int, until: float) -> None:
        heir = replace(delivery.lineage, generation=delivery.lineage.generation + 1)
        body = sent_again(delivery.document, heir, self.source, outcome.event["id"])
        if body not in lane.sent_back:  # copies that a crash has left behind become one where they meet again
            self.send_back(body, delay_seconds, until)
            lane.sent_back.add(body)

    def _decide(
        self, delivery: Delivery, lane: Lane, deadlines: Deadlines, journal: Journal
    ) -> tuple[Verdict, Circumstances]:
        started_at = self.utc_now()
        effort = _Effort(journal)
        try:
            verdict = self._verdict(delivery, lane, deadlines, effort)
        except Exception as fault:  # a fault of ours must neither harm the neighbours nor be a lie
            journal.failed(fault)
            verdict = Indeterminate(answers.reason(HANDLER_FAULT), may_settle=False)
        if isinstance(verdict, Indeterminate):
            lane.doubt = verdict
        about = Circumstances(
            source=self.source,
            message_id=delivery.message_id,
            request_id=lane.request_id,
            lineage=delivery.lineage,
            attempts=effort.attempts,
            waited_seconds=effort.waited_seconds,
            started_at=started_at,
            finished_at=self.utc_now(),
        )
        uniform = self.provisioner.clock.uniform
        return self.deferral.of(verdict, delivery.lineage.generation, uniform), about

    def _verdict(self, delivery: Delivery, lane: Lane, deadlines: Deadlines, effort: _Effort) -> Verdict:
        broken = delivery.flaws
        if not broken or delivery.document is not None:
            broken += validation.violations(delivery.document)
        if broken:
            return Rejected(broken)
        request = ProvisionRequest.of(delivery.document)
        if self.provisioner.policy.adoption == "owned" and ownership.violations(request):
            return Rejected(ownership.violations(request))
        return lane.doubt or self.provisioner.provision(request, deadlines, effort.observe)
