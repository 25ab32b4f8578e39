"""Deliveries to settled outcomes, each isolated from its neighbours."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from handler.inbound import validation
from handler.inbound.envelope import Delivery
from handler.lanes import Lane, lanes_of, side_by_side
from handler.model import Indeterminate, ProvisionRequest, Rejected, Unanswered, Verdict
from handler.outcome import Call, Circumstances, Outcome
from handler.provisioning import answers, ownership
from handler.provisioning.provisioner import Deadlines, Provisioner
from handler.provisioning.retry import Attempt
from handler.settlement import Case, Journal, Settlement

HANDLER_FAULT = Unanswered("HandlerFault", sent=True)


@dataclass(slots=True)
class _Effort:
    """Counts create calls and seconds waited, and keeps every call."""

    journal: Journal
    utc_now: Callable[[], datetime]
    attempts: int = 0
    waited_seconds: float = 0.0
    calls: list[Call] = field(default_factory=list)

    def observe(self, attempt: Attempt) -> None:
        self.attempts += attempt.operation == "CreateExpressSync"
        self.waited_seconds += attempt.wait_seconds or 0.0
        began_at = self.utc_now() - timedelta(seconds=attempt.took_seconds)
        self.calls.append(Call(attempt.operation, attempt.code, began_at, attempt.took_seconds, attempt.wait_seconds))
        self.journal.attempted(attempt)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The collaborators of an invocation, given once. `source` is the CloudEvents source of every outcome."""

    provisioner: Provisioner
    settlement: Settlement
    utc_now: Callable[[], datetime]
    journal_of: Callable[[Delivery, str | None], Journal]
    concurrency: int

    def work(self, deliveries: Sequence[Delivery], deadlines: Deadlines) -> list[Outcome | None]:
        """Return each delivery's outcome once it is settled, in order; None where the delivery has to come back."""

        def process(lane: Lane) -> list[tuple[int, Outcome | None]]:
            return self._process(lane, deliveries, deadlines)

        lanes = lanes_of((validation.usable_request_id(each.document), _content(each)) for each in deliveries)
        outcomes = dict(chain.from_iterable(side_by_side(process, lanes, self.concurrency)))
        return [outcomes[place] for place in range(len(deliveries))]

    def _process(
        self, lane: Lane, deliveries: Sequence[Delivery], deadlines: Deadlines
    ) -> list[tuple[int, Outcome | None]]:
        in_flight: list[ProvisionRequest] = []
        settled: list[tuple[int, Outcome | None]] = []
        for places in lane.cases.values():
            copies = [deliveries[place] for place in places]
            case = Case(copies, [self.journal_of(each, lane.request_id) for each in copies], lane.request_id)
            verdict, about = self._decide(case, deadlines, in_flight)
            outcomes = self.settlement.settle(case, verdict, about, deadlines.publish)
            settled += zip(places, outcomes, strict=True)
        return settled

    def _decide(
        self, case: Case, deadlines: Deadlines, in_flight: list[ProvisionRequest]
    ) -> tuple[Verdict, Circumstances]:
        started_at = self.utc_now()
        first, journal = case.deliveries[0], case.journals[0]
        effort = _Effort(journal, self.utc_now)
        try:
            verdict = self._verdict(case, deadlines, effort, in_flight)
        except Exception as fault:  # a fault of ours must neither harm the neighbours nor be a lie
            journal.failed(fault)
            verdict = Indeterminate(answers.reason(HANDLER_FAULT), may_settle=False)
        about = Circumstances(
            source=self.settlement.source,
            message_id=first.message_id,
            request_id=case.request_id,
            lineage=first.lineage,
            attempts=effort.attempts,
            waited_seconds=effort.waited_seconds,
            started_at=started_at,
            finished_at=self.utc_now(),
            calls=tuple(effort.calls),
        )
        return verdict, about

    def _verdict(self, case: Case, deadlines: Deadlines, effort: _Effort, in_flight: list[ProvisionRequest]) -> Verdict:
        """Return the verdict; leave the request in `in_flight` if what was sent for it may still land."""
        delivery = case.deliveries[0]
        broken = delivery.flaws
        if not broken or delivery.document is not None:
            broken += validation.violations(delivery.document)
        if broken:
            return Rejected(broken)
        request = ProvisionRequest.of(delivery.document)
        if self.provisioner.policy.adoption == "owned" and ownership.violations(request):
            return Rejected(ownership.violations(request))
        may_land = request.configuration in {each.configuration for each in in_flight}
        in_flight.append(request)
        is_last = not self.settlement.deferral.is_left(case.generation)
        verdict = self.provisioner.provision(request, deadlines, effort.observe, in_flight=may_land, is_last=is_last)
        if not isinstance(verdict, Indeterminate):
            in_flight.remove(request)
        return verdict


def _content(delivery: Delivery) -> str | None:
    """Return a text that copies of one request have in common; None for a flawed body, which is taken for no copy."""
    return None if delivery.flaws else json.dumps(delivery.document, sort_keys=True)
