"""Provisioners and pipelines that break a promise, each in a way that real ones do: what the model has to find out."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar, cast

from handler import answers
from handler.envelope import Delivery
from handler.insist import Attempt
from handler.judgement import judge, namesake
from handler.lanes import Lane
from handler.model import (
    Answer,
    Created,
    Failed,
    Finding,
    Indeterminate,
    ProvisionRequest,
    Refused,
    Seen,
    Succeeded,
    Unanswered,
    Verdict,
)
from handler.outcome import Outcome
from handler.pipeline import Pipeline, _Effort
from handler.provision import Deadlines, Provisioner
from handler.smq import Smq, SmqError
from tests.model.delivery import Shape

Lying = TypeVar("Lying", bound=Pipeline)
Unsettled = Refused | Unanswered
Observe = Callable[[Attempt], None]


class _Liar(Provisioner):
    """Creates like the shipped provisioner, and says `unsettled` of what no create call has settled."""

    def provision(self, request: ProvisionRequest, deadlines: Deadlines, observe: Observe) -> Verdict:
        attempts = self._create(request, deadlines.create, observe)
        last = attempts[-1]
        if isinstance(last, Created):
            return Succeeded(last.express_sync_id, "created")
        return self.unsettled(request, attempts, last, lambda: self._look(request, deadlines.look, observe))

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        raise NotImplementedError


class NeverLooks(_Liar):
    """Takes the last answer for the truth, as retrying clients do."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        return Failed(answers.reason(last))


class LooksOnce(_Liar):
    """Takes what is absent now for what will never be there."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        verdict = judge(request, attempts, last, look(), self.policy.adoption)
        return verdict or Failed(answers.reason(last))


class LooksTwice(_Liar):
    """Takes what is still absent after a pause for what will never be there."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        adoption = self.policy.adoption
        looks = (judge(request, attempts, last, look(), adoption) for _ in range(2))
        return next((verdict for verdict in looks if verdict is not None), Failed(answers.reason(last)))


class BelievesARefusedLook(_Liar):
    """Takes a look that failed for one that showed nothing."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        seen = look()
        shown = seen if isinstance(seen, Seen) else Seen(())
        return judge(request, attempts, last, shown, self.policy.adoption) or Indeterminate(answers.reason(last))


class LooksOnTheBucketOnly(_Liar):
    """Misses the group of the same name on another bucket, and so can never settle the request."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        seen = self.service.describe(request.bucket_name, self.policy.call_timeout_seconds)
        return judge(request, attempts, last, seen, self.policy.adoption) or Indeterminate(answers.reason(last))


class TakesANamesakeForItsOwn(_Liar):
    """Calls a taken name a success, without comparing."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        group = namesake(look(), request)
        return Succeeded(group.express_sync_id, "existing") if group else Indeterminate(answers.reason(last))


class IsNeverSure(_Liar):
    """Says nothing false by saying nothing."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: Unsettled, look: Callable[[], Finding]
    ) -> Verdict:
        look()
        return Indeterminate(answers.reason(last))


class _ForgetsDoubt(Pipeline):
    """Works every message of a request as if it were the first of its batch."""

    def _verdict(self, delivery: Delivery, lane: Lane, deadlines: Deadlines, effort: _Effort) -> Verdict:
        return super()._verdict(delivery, Lane(lane.request_id), deadlines, effort)


def forgetting_doubt(pipeline: Pipeline) -> Pipeline:
    """A pipeline in which the second message of a request does not know what the first has left in flight."""
    return _as(_ForgetsDoubt, pipeline)


class _ForgetsCopies(Pipeline):
    """Sends every message back, whatever was sent back before it in the same batch."""

    def _send_back(self, delivery: Delivery, lane: Lane, outcome: Outcome, delay_seconds: int, until: float) -> None:
        super()._send_back(delivery, Lane(lane.request_id), outcome, delay_seconds, until)


def forgetting_copies(pipeline: Pipeline) -> Pipeline:
    """A pipeline in which copies that meet go on side by side, so that every crash doubles them."""
    return _as(_ForgetsCopies, pipeline)


def sending_back_first(pipeline: Pipeline) -> Pipeline:
    """A pipeline whose redeliveries fill the queue with copies while the topic refuses."""
    held: list[tuple[Outcome, float]] = []

    def publish(outcome: Outcome, until: float) -> None:
        if outcome.status == "deferred":
            held.append((outcome, until))
        else:
            pipeline.publish(outcome, until)

    def send_back(body: str, delay_seconds: int, until: float) -> None:
        pipeline.send_back(body, delay_seconds, until)
        pipeline.publish(*held.pop())

    return replace(pipeline, publish=publish, send_back=send_back)


def _as(kind: type[Lying], pipeline: Pipeline) -> Lying:
    return kind(**{collaborator.name: getattr(pipeline, collaborator.name) for collaborator in fields(pipeline)})


def altering_what_is_sent_back(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Shape:
    """The shape of a pipeline that sends back something else than the request in its next generation."""

    def shape(pipeline: Pipeline) -> Pipeline:
        def send_back(body: str, delay_seconds: int, until: float) -> None:
            pipeline.send_back(json.dumps(change(json.loads(body))), delay_seconds, until)

        return replace(pipeline, send_back=send_back)

    return shape


def sending_back_without_counting(pipeline: Pipeline) -> Pipeline:
    """A pipeline that never comes to an end, as every generation is the first."""
    return altering_what_is_sent_back(lambda event: {**event, "generation": 0})(pipeline)


def swallowing_failures_to_send_back(pipeline: Pipeline) -> Pipeline:
    """A pipeline that acknowledges what it has promised to try again and could not."""

    def send_back(body: str, delay_seconds: int, until: float) -> None:
        try:
            pipeline.send_back(body, delay_seconds, until)
        except SmqError:
            return

    return replace(pipeline, send_back=send_back)


def sending_back_twice(pipeline: Pipeline) -> Pipeline:
    """A pipeline that wants to be sure."""

    def send_back(body: str, delay_seconds: int, until: float) -> None:
        for _ in range(2):
            pipeline.send_back(body, delay_seconds, until)

    return replace(pipeline, send_back=send_back)


def giving_up_what_it_cannot_send_back(pipeline: Pipeline) -> Pipeline:
    """A pipeline that ends a request by itself where the queue has not answered, though the queue may have it."""
    told: list[Outcome] = []

    def publish(outcome: Outcome, until: float) -> None:
        told.append(outcome)
        pipeline.publish(outcome, until)

    def send_back(body: str, delay_seconds: int, until: float) -> None:
        smq = cast("Smq", pipeline.provisioner.service)
        try:
            smq.within(5.0).send("requests", [body], delay_seconds)
        except SmqError:
            event = told[-1].event
            data = {**event["data"], "status": "indeterminate"}
            pipeline.publish(Outcome("indeterminate", {**event, "id": f"end of {event['id']}", "data": data}), until)

    return replace(pipeline, publish=publish, send_back=send_back)


def provisioning_as(liar: type[Provisioner]) -> Shape:
    """The shape of a pipeline that provisions as the liar does."""

    def shape(pipeline: Pipeline) -> Pipeline:
        honest = pipeline.provisioner
        return replace(pipeline, provisioner=liar(honest.policy, honest.service, honest.clock))

    return shape


def swallowing_failures_to_publish(pipeline: Pipeline) -> Pipeline:
    """A pipeline that acknowledges what it could not announce."""

    def publish(outcome: Outcome, until: float) -> None:
        try:
            pipeline.publish(outcome, until)
        except SmqError:
            return

    return replace(pipeline, publish=publish)


def with_ids_from(facts: Callable[[Outcome], object]) -> Shape:
    """The shape of a pipeline whose event ids come from something else than the verdict."""

    def shape(pipeline: Pipeline) -> Pipeline:
        def publish(outcome: Outcome, until: float) -> None:
            event_id = hashlib.sha256(repr(facts(outcome)).encode()).hexdigest()
            pipeline.publish(Outcome(outcome.status, {**outcome.event, "id": event_id}), until)

        return replace(pipeline, publish=publish)

    return shape
