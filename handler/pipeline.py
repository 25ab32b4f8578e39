"""Deliveries to announced outcomes, each isolated from its neighbours. It must not know events, URLs or settings."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handler import answers, ownership, validation
from handler.envelope import Delivery
from handler.insist import SHORTEST_CALL_SECONDS, Attempt
from handler.model import Indeterminate, ProvisionRequest, Rejected, Unanswered, Verdict
from handler.outcome import Circumstances, Outcome, announce
from handler.provision import Deadlines, Provisioner
from handler.smq import SmqError

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
        """Each delivery's outcome once it is announced, in order; None where the delivery has to come back."""
        if len(deliveries) <= 1:
            return [self._work_one(delivery, deadlines) for delivery in deliveries]
        with ThreadPoolExecutor(min(self.concurrency, len(deliveries))) as pool:
            return list(pool.map(lambda delivery: self._work_one(delivery, deadlines), deliveries))

    def _work_one(self, delivery: Delivery, deadlines: Deadlines) -> Outcome | None:
        request_id = validation.usable_request_id(delivery.document)
        journal = self.journal_of(delivery, request_id)
        if self.provisioner.clock.now() + SHORTEST_CALL_SECONDS > deadlines.create:
            journal.left()
            return None
        outcome = self._decide(delivery, request_id, deadlines, journal)
        try:
            self.publish(outcome, deadlines.publish)
        except SmqError as error:
            journal.not_announced(outcome, error.code)
            return None
        journal.decided(outcome)
        return outcome

    def _decide(self, delivery: Delivery, request_id: str | None, deadlines: Deadlines, journal: Journal) -> Outcome:
        started_at = self.utc_now()
        effort = _Effort(journal)
        try:
            verdict = self._verdict(delivery, deadlines, effort)
        except Exception as fault:  # a fault of ours must neither harm the neighbours nor be a lie
            journal.failed(fault)
            verdict = Indeterminate(answers.reason(HANDLER_FAULT))
        about = Circumstances(
            source=self.source,
            message_id=delivery.message_id,
            request_id=request_id,
            attributes=delivery.attributes,
            attempts=effort.attempts,
            waited_seconds=effort.waited_seconds,
            started_at=started_at,
            finished_at=self.utc_now(),
        )
        return announce(verdict, delivery.document, about)

    def _verdict(self, delivery: Delivery, deadlines: Deadlines, effort: _Effort) -> Verdict:
        broken = delivery.flaws or validation.violations(delivery.document)
        if broken:
            return Rejected(broken)
        request = ProvisionRequest.of(delivery.document)
        if self.provisioner.policy.adoption == "owned" and ownership.violations(request):
            return Rejected(ownership.violations(request))
        return self.provisioner.provision(request, deadlines, effort.observe)
