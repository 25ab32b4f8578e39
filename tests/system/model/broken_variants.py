"""Provisioners and pipelines with a known defect each, which the model has to detect."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar, cast

from handler.inbound.envelope import Delivery
from handler.model import (
    Answer,
    Created,
    Failed,
    GroupList,
    Indeterminate,
    LookupResult,
    ProvisionRequest,
    Refused,
    Succeeded,
    Unanswered,
    Verdict,
)
from handler.outcome import Outcome, Processing
from handler.pipeline import Pipeline, RequestLane, _CallRecorder
from handler.provisioning import errors
from handler.provisioning.provisioner import Provisioner
from handler.provisioning.retry import ApiCall, Deadlines
from handler.provisioning.verdict import decide, groups_named
from handler.settlement import Case, Send, Settlement
from handler.smq.client import Smq, SmqError
from tests.system.model.composition import Shape

Broken = TypeVar("Broken", Pipeline, Settlement)
NoSuccess = Refused | Unanswered
Observe = Callable[[ApiCall], None]


class _Broken(Provisioner, ABC):
    """Creates like the shipped provisioner, and calls `unsettled` if no create call has settled the request."""

    def provision(
        self,
        request: ProvisionRequest,
        deadlines: Deadlines,
        observe: Observe,
        *,
        in_flight: bool = False,
        is_last: bool = True,
    ) -> Verdict:
        attempts = self._create(request, deadlines.create, observe)
        last = attempts[-1]
        if isinstance(last, Created):
            return Succeeded(last.express_sync_id, "created")
        return self.unsettled(
            request, attempts, last, lambda: self._look_up(request, deadlines.lookup, observe, is_last=is_last)
        )

    @abstractmethod
    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict: ...


class NeverLooks(_Broken):
    """Reports the last answer without a lookup, as retrying clients do."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        return Failed(errors.reason_of(last))


class LooksOnce(_Broken):
    """Concludes from one lookup that the group will never exist."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        verdict = decide(request, attempts, last, look(), self.policy.adoption)
        return verdict or Failed(errors.reason_of(last))


class LooksTwice(_Broken):
    """Concludes from two lookups that the group will never exist."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        adoption = self.policy.adoption
        lookups = (decide(request, attempts, last, look(), adoption) for _ in range(2))
        return next((verdict for verdict in lookups if verdict is not None), Failed(errors.reason_of(last)))


class BelievesARefusedLook(_Broken):
    """Treats a failed lookup like one that showed no group."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        seen = look()
        shown = seen if isinstance(seen, GroupList) else GroupList(())
        return decide(request, attempts, last, shown, self.policy.adoption) or Indeterminate(errors.reason_of(last))


class LooksOnTheBucketOnly(_Broken):
    """Misses the group of the same name on another bucket, and so can never settle the request."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        seen = self.service.describe(request.bucket_name, self.policy.call_timeout_seconds)
        return decide(request, attempts, last, seen, self.policy.adoption) or Indeterminate(errors.reason_of(last))


class TakesANamesakeForItsOwn(_Broken):
    """Reports a taken name as a success, without comparing the configuration."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        groups = groups_named(look(), request)
        return Succeeded(groups[0].express_sync_id, "existing") if groups else Indeterminate(errors.reason_of(last))


class IsNeverSure(_Broken):
    """Always reports `indeterminate`."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        look()
        return Indeterminate(errors.reason_of(last))


class ComparesAsText(_Broken):
    """Compares prefixes and regions as text, so that another notation is another configuration."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        verdict = decide(request, attempts, last, look(), self.policy.adoption) or Indeterminate(errors.reason_of(last))
        is_unclear = isinstance(verdict, Indeterminate) and verdict.reason.code == "ConfigurationUnclear"
        return Failed(errors.reason_of(last)) if is_unclear else verdict


class ConsultsNoMark(_Broken):
    """Ignores the ownership mark in the description of the group."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        seen = look()
        if isinstance(seen, GroupList):
            seen = GroupList(tuple(replace(group, description="") for group in seen.groups))
        return decide(request, attempts, last, seen, self.policy.adoption) or Indeterminate(errors.reason_of(last))


class TakesErrorsForTheEnd(_Broken):
    """Assumes that a call cannot land after any error answer."""

    def unsettled(
        self, request: ProvisionRequest, attempts: tuple[Answer, ...], last: NoSuccess, look: Callable[[], LookupResult]
    ) -> Verdict:
        silent = tuple(each for each in attempts if not isinstance(each, Refused))
        return decide(request, silent, last, look(), self.policy.adoption) or Indeterminate(errors.reason_of(last))


class TriesAgainInDoubt(Provisioner):
    """Retries around its own retries."""

    def provision(
        self,
        request: ProvisionRequest,
        deadlines: Deadlines,
        observe: Observe,
        *,
        in_flight: bool = False,
        is_last: bool = True,
    ) -> Verdict:
        first = super().provision(request, deadlines, observe, in_flight=in_flight, is_last=is_last)
        if not isinstance(first, Indeterminate):
            return first
        return super().provision(request, deadlines, observe, in_flight=True, is_last=is_last)


class _ForgetsDoubt(Pipeline):
    def _verdict(
        self, case: Case, deadlines: Deadlines, recorder: _CallRecorder, in_flight: set[tuple[str, ...]]
    ) -> Verdict:
        return super()._verdict(case, deadlines, recorder, set())


def forgetting_doubt(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline in which the second body of a requestId ignores what the first has left in flight."""
    return _as(_ForgetsDoubt, pipeline)


class _AnswersForAnother(Pipeline):
    def _verdict(
        self, case: Case, deadlines: Deadlines, recorder: _CallRecorder, in_flight: set[tuple[str, ...]]
    ) -> Verdict:
        if in_flight:
            return Indeterminate(errors.reason_of(Unanswered("ReadTimeout", sent=True)))
        return super()._verdict(case, deadlines, recorder, in_flight)


def answering_for_another(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that answers the doubt about one body of a requestId with that about another."""
    return _as(_AnswersForAnother, pipeline)


class _ForgetsCopies(Pipeline):
    def _process_lane(
        self, lane: RequestLane, deliveries: Sequence[Delivery], deadlines: Deadlines
    ) -> list[tuple[int, Outcome | None]]:
        places = [place for places in lane.cases.values() for place in places]
        return super()._process_lane(
            RequestLane(lane.request_id, {place: [place] for place in places}), deliveries, deadlines
        )


def forgetting_copies(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that does not merge copies, so that every crash doubles them."""
    return _as(_ForgetsCopies, pipeline)


class _RaisesOutOfTime(Settlement):
    def settle(self, case: Case, verdict: Verdict, processing: Processing, until: float) -> list[Outcome | None]:
        if not isinstance(verdict, Failed | Indeterminate) or verdict.reason.code != "OutOfTime":
            return super().settle(case, verdict, processing, until)
        outcome = self._outcome(case, verdict, processing, case.submissions[0])
        for log in case.logs:
            log.not_settled(outcome, verdict.reason.code)
        return [None for _ in case.deliveries]


def raising_when_time_is_out(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that has requests without time left redelivered by the trigger."""
    return replace(pipeline, settlement=_as(_RaisesOutOfTime, pipeline.settlement))


def _as(kind: type[Broken], shipped: Broken) -> Broken:
    return kind(**{collaborator.name: getattr(shipped, collaborator.name) for collaborator in fields(shipped)})


def _publishing(pipeline: Pipeline, publish: Callable[[Outcome, float], None]) -> Pipeline:
    return replace(pipeline, settlement=replace(pipeline.settlement, publish=publish))


def _requeueing(pipeline: Pipeline, requeue: Send) -> Pipeline:
    return replace(pipeline, settlement=replace(pipeline.settlement, requeue=requeue))


def requeueing_before_publishing(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that requeues before it publishes, so that redeliveries multiply the copies."""
    shipped = pipeline.settlement
    held: list[tuple[Outcome, float]] = []

    def publish(outcome: Outcome, until: float) -> None:
        if outcome.status == "deferred":
            held.append((outcome, until))
        else:
            shipped.publish(outcome, until)

    def requeue(body: str, delay_seconds: int, until: float) -> None:
        shipped.requeue(body, delay_seconds, until)
        while held:
            shipped.publish(*held.pop())

    return _requeueing(_publishing(pipeline, publish), requeue)


def altering_requeued_requests(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Shape:
    """Return the shape of a pipeline that requeues an altered request."""

    def shape(pipeline: Pipeline) -> Pipeline:
        def requeue(body: str, delay_seconds: int, until: float) -> None:
            pipeline.settlement.requeue(json.dumps(change(json.loads(body))), delay_seconds, until)

        return _requeueing(pipeline, requeue)

    return shape


def requeueing_without_counting(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that never ends, because it does not count generations."""
    return altering_requeued_requests(lambda event: {**event, "generation": 0})(pipeline)


def swallowing_failures_to_requeue(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that loses a deferred request that it cannot requeue."""

    def requeue(body: str, delay_seconds: int, until: float) -> None:
        try:
            pipeline.settlement.requeue(body, delay_seconds, until)
        except SmqError:
            return

    return _requeueing(pipeline, requeue)


def requeueing_twice(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that requeues every request twice."""

    def requeue(body: str, delay_seconds: int, until: float) -> None:
        for _ in range(2):
            pipeline.settlement.requeue(body, delay_seconds, until)

    return _requeueing(pipeline, requeue)


def abandoning_what_it_cannot_requeue(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that ends a request that it could not requeue, although the queue may have accepted it."""
    shipped = pipeline.settlement
    told: list[Outcome] = []

    def publish(outcome: Outcome, until: float) -> None:
        told.append(outcome)
        shipped.publish(outcome, until)

    def requeue(body: str, delay_seconds: int, until: float) -> None:
        smq = cast("Smq", pipeline.provisioner.service)
        try:
            smq.with_timeout(5.0).send("requests", [body], delay_seconds)
        except SmqError:
            event = told[-1].event
            data = {**event["data"], "status": "indeterminate"}
            shipped.publish(Outcome.of("indeterminate", {**event, "id": f"end of {event['id']}", "data": data}), until)

    return _requeueing(_publishing(pipeline, publish), requeue)


def provisioning_as(broken: type[Provisioner]) -> Shape:
    """Return the shape of a pipeline that provisions as this provisioner does."""

    def shape(pipeline: Pipeline) -> Pipeline:
        shipped = pipeline.provisioner
        return replace(pipeline, provisioner=broken(shipped.policy, shipped.service, shipped.clock))

    return shape


def swallowing_failures_to_publish(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that acknowledges deliveries whose outcomes it could not publish."""

    def publish(outcome: Outcome, until: float) -> None:
        try:
            pipeline.settlement.publish(outcome, until)
        except SmqError:
            return

    return _publishing(pipeline, publish)


def with_event(change: Callable[[Outcome], dict[str, Any]]) -> Shape:
    """Return the shape of a pipeline whose events have other attributes."""

    def shape(pipeline: Pipeline) -> Pipeline:
        def publish(outcome: Outcome, until: float) -> None:
            pipeline.settlement.publish(Outcome.of(outcome.status, {**outcome.event, **change(outcome)}), until)

        return _publishing(pipeline, publish)

    return shape


def with_ids_from(facts: Callable[[Outcome], object]) -> Shape:
    """Return the shape of a pipeline whose event ids come from something else than submission and verdict."""
    return with_event(lambda outcome: {"id": hashlib.sha256(repr(facts(outcome)).encode()).hexdigest()})
