"""Provisioners and pipelines that break a promise, each in a way that real ones do: what the model has to find out."""

import hashlib
from collections.abc import Callable
from dataclasses import fields, replace

from handler import answers
from handler.envelope import Delivery
from handler.insist import Attempt
from handler.judgement import judge, namesake
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
from handler.pipeline import Pipeline, _Effort, _Lane
from handler.provision import Deadlines, Provisioner
from handler.smq import SmqError
from tests.model.delivery import Shape

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

    def _verdict(self, delivery: Delivery, lane: _Lane, deadlines: Deadlines, effort: _Effort) -> Verdict:
        return super()._verdict(delivery, _Lane(lane.request_id), deadlines, effort)


def forgetting_doubt(pipeline: Pipeline) -> Pipeline:
    """A pipeline in which the second message of a request does not know what the first has left in flight."""
    given = {collaborator.name: getattr(pipeline, collaborator.name) for collaborator in fields(pipeline)}
    return _ForgetsDoubt(**given)


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
