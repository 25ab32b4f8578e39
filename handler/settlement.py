"""Publishes the outcomes of a case and requeues its request where that is needed.

A case is settled for a submission once the outcome is published and, if that defers the request, the request is
requeued; or once the request is requeued because its outcome could not be published. Then the delivery may be deleted.
A request that cannot be requeued is sent to the dead letter queue: if its delivery came back instead, the whole batch
would, with deliveries that are settled already.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from handler.inbound import request_event
from handler.inbound.envelope import Delivery
from handler.inbound.request_event import Lineage
from handler.model import MAX_MESSAGE_BYTES, Deferred, Verdict
from handler.outcome import Outcome, OutcomeContext, Processing, outcome_of
from handler.provisioning.deferral import Deferral
from handler.provisioning.retry import ApiCall, Uniform
from handler.smq.client import SmqError

NOT_REQUEUED = "NotRequeued"  # no deferral is left, no queue is set, or the message cannot be built again


class Send(Protocol):
    """Sends a message to a queue, delayed; raises SmqError if the queue does not have it by `until`."""

    def __call__(self, body: str, delay_seconds: int, until: float) -> None: ...


class DeliveryLog(Protocol):
    """The log of one delivery: its calls and exceptions, and in the end one of the other three."""

    def call(self, call: ApiCall) -> None: ...

    def crashed(self, fault: Exception) -> None: ...

    def published(self, outcome: Outcome) -> None: ...

    def not_published(self, outcome: Outcome, code: str) -> None: ...

    def not_settled(self, outcome: Outcome, code: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Case:
    """The deliveries of one batch that hold the same request, and the log of each."""

    deliveries: Sequence[Delivery]
    logs: Sequence[DeliveryLog]
    request_id: str | None

    @property
    def document(self) -> Any:
        """Return the request, None if no body could be parsed."""
        return self.deliveries[0].document

    @property
    def content(self) -> object:
        """Return what to send to get the same case again; None if that is unknown."""
        return self.deliveries[0].content

    @property
    def submissions(self) -> list[Lineage]:
        """Return every submission of the request once, in the highest generation of its own deliveries."""
        return request_event.distinct(delivery.lineage for delivery in self.deliveries)

    @property
    def generation(self) -> int:
        """Return the highest generation of the deliveries."""
        return max(delivery.lineage.generation for delivery in self.deliveries)

    def message_id_of(self, submission_id: str) -> str:
        """Return the id of the first message that carries the submission."""
        return next(
            delivery.message_id
            for delivery in self.deliveries
            if submission_id in {each.submission_id for each in delivery.lineage.submissions}
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """Settles cases. Thread-safe. `source` is the CloudEvents source of every event.

    Without `dead_letter`, a delivery whose request cannot be requeued has to come back.
    """

    deferral: Deferral
    publish: Callable[[Outcome, float], None]
    requeue: Send
    uniform: Uniform
    source: str
    dead_letter: Send | None = None

    def settle(self, case: Case, verdict: Verdict, processing: Processing, until: float) -> list[Outcome | None]:
        """Return the outcome of each delivery once it is settled; None where the delivery has to come back.

        It publishes first: otherwise the requeued request would produce an outcome after an unpublished deferral.
        """
        submissions = case.submissions
        decided = self.deferral.of(verdict, case.generation, self.uniform)
        outcomes = {each.submission_id: self._outcome(case, decided, processing, each) for each in submissions}
        unpublished = self._publish(outcomes, until)
        kept = [each for each in submissions if isinstance(decided, Deferred) or each.submission_id in unpublished]
        event_id = next(iter(outcomes.values())).event["id"]
        failure = self._keep(case, kept, decided, event_id, until) if kept else ""
        not_settled = {each.submission_id: unpublished.get(each.submission_id, failure) for each in kept if failure}
        return [
            _concluded(delivery, log, outcomes, unpublished, not_settled)
            for delivery, log in zip(case.deliveries, case.logs, strict=True)
        ]

    def _outcome(self, case: Case, decided: Verdict, processing: Processing, submission: Lineage) -> Outcome:
        message_id = case.message_id_of(submission.submission_id)
        context = OutcomeContext(self.source, message_id, case.request_id, submission, processing)
        return outcome_of(decided, case.document, context)

    def _publish(self, outcomes: Mapping[str, Outcome], until: float) -> dict[str, str]:
        """Return, for each submission whose outcome was not accepted, the code of the reason."""
        codes = {submission_id: self._refusal(outcome, until) for submission_id, outcome in outcomes.items()}
        return {submission_id: code for submission_id, code in codes.items() if code}

    def _refusal(self, outcome: Outcome, until: float) -> str:
        try:
            self.publish(outcome, until)
        except SmqError as error:
            return error.code
        return ""

    def _keep(self, case: Case, submissions: Sequence[Lineage], decided: Verdict, event_id: str, until: float) -> str:
        """Requeue or dead-letter the request; return the code of what prevented both, empty if one was done."""
        if case.content is None:
            return NOT_REQUEUED
        failure = NOT_REQUEUED
        if self.deferral.is_left(case.generation):
            later = [replace(each, generation=case.generation + 1) for each in submissions]
            send = partial(self.requeue, delay_seconds=self._delay_seconds(decided, case.generation), until=until)
            failure = _sent(request_event.messages(case.content, later, self.source, event_id), send)
        if failure and self.dead_letter is not None:
            failure = _sent(
                self._dead_letters(case, submissions, event_id), partial(self.dead_letter, delay_seconds=0, until=until)
            )
        return failure

    def _delay_seconds(self, decided: Verdict, generation: int) -> int:
        if isinstance(decided, Deferred):
            return decided.delay_seconds
        return self.deferral.delay_seconds(generation, self.uniform)

    def _dead_letters(self, case: Case, submissions: Sequence[Lineage], event_id: str) -> list[str]:
        """Return the dead letters; an invalid text that is too large for an event is sent unchanged."""
        bodies = request_event.messages(case.content, submissions, self.source, event_id)
        is_too_large = any(len(body) > MAX_MESSAGE_BYTES for body in bodies)
        return [case.content] if is_too_large and isinstance(case.content, str) else bodies


def _sent(bodies: Iterable[str], send: Callable[[str], None]) -> str:
    """Return the code of what prevented sending all of these messages, empty if all were sent."""
    try:
        for body in bodies:
            if len(body) > MAX_MESSAGE_BYTES:
                return NOT_REQUEUED
            send(body)
    except SmqError as error:
        return error.code
    return ""


def _concluded(
    delivery: Delivery,
    log: DeliveryLog,
    outcomes: Mapping[str, Outcome],
    unpublished: Mapping[str, str],
    not_settled: Mapping[str, str],
) -> Outcome | None:
    carried = [each.submission_id for each in delivery.lineage.submissions]
    outcome = outcomes[carried[0]]
    if code := _first(carried, not_settled):
        log.not_settled(outcome, code)
        return None
    if code := _first(carried, unpublished):
        log.not_published(outcome, code)
    else:
        log.published(outcome)
    return outcome


def _first(submission_ids: Iterable[str], codes: Mapping[str, str]) -> str:
    return next((codes[each] for each in submission_ids if each in codes), "")
