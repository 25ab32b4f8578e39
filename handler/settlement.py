"""Publishes the outcomes of a case and sends its request back to the queue where that is needed.

A case is settled for a submission once the outcome is published and, if that defers the request, the request is back in
its queue; or once the request is back because its outcome could not be published. Then the delivery may be deleted.
A request that cannot go back is set aside among the dead letters: if its delivery came back instead, so would those of
its neighbours, which are settled already.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from handler.inbound import request_event
from handler.inbound.envelope import Delivery
from handler.inbound.request_event import Lineage
from handler.model import MESSAGE_BYTES, Deferred, Verdict
from handler.outcome import Circumstances, Outcome, announce
from handler.provisioning.backoff import Uniform
from handler.provisioning.deferral import Deferral
from handler.provisioning.retry import Attempt
from handler.smq.client import SmqError

NOT_SENT_BACK = "NotSentBack"  # no deferral is left, or there is no queue, or the message cannot be made again


class SendBack(Protocol):
    """Sends a message to the request queue, hidden for the delay; SmqError when it is not there by `until`."""

    def __call__(self, body: str, delay_seconds: int, until: float) -> None: ...


class SetAside(Protocol):
    """Sends a message to the dead letter queue; SmqError when it is not there by `until`."""

    def __call__(self, body: str, until: float) -> None: ...


class Journal(Protocol):
    """What is written down of one delivery: its calls and faults, and in the end one of the other three."""

    def attempted(self, attempt: Attempt) -> None: ...

    def failed(self, fault: Exception) -> None: ...

    def decided(self, outcome: Outcome) -> None: ...

    def unpublished(self, outcome: Outcome, code: str) -> None: ...

    def unfinished(self, outcome: Outcome, code: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Case:
    """The deliveries of one batch that hold the same request, and the journal of each."""

    deliveries: Sequence[Delivery]
    journals: Sequence[Journal]
    request_id: str | None

    @property
    def document(self) -> Any:
        """The request, None if no body could be parsed."""
        return self.deliveries[0].document

    @property
    def content(self) -> object:
        """What brings the same case about when it is sent again; None if that is not known."""
        return self.deliveries[0].content

    @property
    def submissions(self) -> list[Lineage]:
        """Every submission of the request once, all in the highest generation of the deliveries."""
        return request_event.distinct(delivery.lineage for delivery in self.deliveries)

    @property
    def generation(self) -> int:
        """The highest generation of the deliveries."""
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
    """The collaborators of settling, given once; threads may share it. `source` is that of every event.

    `set_aside` makes a dead letter of a request; without it the delivery has to come back.
    """

    deferral: Deferral
    publish: Callable[[Outcome, float], None]
    send_back: SendBack
    uniform: Uniform
    source: str
    set_aside: SetAside | None = None

    def settle(self, case: Case, verdict: Verdict, about: Circumstances, until: float) -> list[Outcome | None]:
        """Return the outcome of each delivery once it is settled; None where the delivery has to come back.

        Publish first: otherwise the request would produce an outcome for a deferral that nobody saw.
        """
        submissions = case.submissions
        decided = self.deferral.of(verdict, submissions[0].generation, self.uniform)
        outcomes = {each.submission_id: self._outcome(case, decided, about, each) for each in submissions}
        refused = self._publish(outcomes, until)
        waiting = [each for each in submissions if isinstance(decided, Deferred) or each.submission_id in refused]
        event_id = next(iter(outcomes.values())).event["id"]
        failure = self._keep(case, waiting, decided, event_id, until) if waiting else ""
        unfinished = {each.submission_id: refused.get(each.submission_id, failure) for each in waiting if failure}
        return [
            _concluded(delivery, journal, outcomes, refused, unfinished)
            for delivery, journal in zip(case.deliveries, case.journals, strict=True)
        ]

    def _outcome(self, case: Case, decided: Verdict, about: Circumstances, submission: Lineage) -> Outcome:
        message_id = case.message_id_of(submission.submission_id)
        return announce(decided, case.document, replace(about, message_id=message_id, lineage=submission))

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
        """Send the request back or else set it aside; return the code of what prevented both, empty if one is done."""
        if case.content is None:
            return NOT_SENT_BACK
        generation = submissions[0].generation
        failure = NOT_SENT_BACK
        if self.deferral.is_left(generation):
            later = [replace(each, generation=generation + 1) for each in submissions]
            send = partial(self.send_back, delay_seconds=self._delay_seconds(decided, generation), until=until)
            failure = _sent(request_event.messages(case.content, later, self.source, event_id), send)
        if failure and self.set_aside is not None:
            failure = _sent(self._dead_letters(case, submissions, event_id), partial(self.set_aside, until=until))
        return failure

    def _delay_seconds(self, decided: Verdict, generation: int) -> int:
        if isinstance(decided, Deferred):
            return decided.delay_seconds
        return self.deferral.delay_seconds(generation, self.uniform)

    def _dead_letters(self, case: Case, submissions: Sequence[Lineage], event_id: str) -> list[str]:
        """Return the messages to set aside; a flawed text that is too large for an event goes as it came."""
        bodies = request_event.messages(case.content, submissions, self.source, event_id)
        is_too_large = any(len(body) > MESSAGE_BYTES for body in bodies)
        return [case.content] if is_too_large and isinstance(case.content, str) else bodies


def _sent(bodies: Iterable[str], send: Callable[[str], None]) -> str:
    """Return the code of what prevented that all of these messages were sent, empty if they were."""
    try:
        for body in bodies:
            if len(body) > MESSAGE_BYTES:
                return NOT_SENT_BACK
            send(body)
    except SmqError as error:
        return error.code
    return ""


def _concluded(
    delivery: Delivery,
    journal: Journal,
    outcomes: Mapping[str, Outcome],
    refused: Mapping[str, str],
    unfinished: Mapping[str, str],
) -> Outcome | None:
    carried = [each.submission_id for each in delivery.lineage.submissions]
    outcome = outcomes[carried[0]]
    if code := _first(carried, unfinished):
        journal.unfinished(outcome, code)
        return None
    if code := _first(carried, refused):
        journal.unpublished(outcome, code)
    else:
        journal.decided(outcome)
    return outcome


def _first(submission_ids: Iterable[str], codes: Mapping[str, str]) -> str:
    return next((codes[each] for each in submission_ids if each in codes), "")
