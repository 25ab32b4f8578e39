"""Variants of the pipeline with a known defect, which the simulation has to find."""

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import chain

from handler.inbound.envelope import Delivery
from handler.outcome import Outcome
from handler.pipeline import Pipeline, RequestLane
from handler.provisioning.retry import MIN_CALL_SECONDS, Deadlines


class _RaisesWithoutTime(Pipeline):
    """Processes copies of a request one after the other, and leaves those for which the time is too short."""

    def _process_lane(
        self, lane: RequestLane, deliveries: Sequence[Delivery], deadlines: Deadlines
    ) -> list[tuple[int, Outcome | None]]:
        settled: list[tuple[int, Outcome | None]] = []
        for place in chain.from_iterable(lane.cases.values()):
            if self.provisioner.clock.now() + MIN_CALL_SECONDS > deadlines.create:
                settled.append((place, None))
            else:
                settled += Pipeline._process_lane(
                    self, RequestLane(lane.request_id, {place: [place]}), deliveries, deadlines
                )
        return settled


def raises_without_time(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that has the whole batch delivered again if the time is too short for one delivery."""
    return _RaisesWithoutTime(**{each.name: getattr(pipeline, each.name) for each in fields(pipeline)})


def sets_nothing_aside(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that has the whole batch delivered again where a request cannot go back to its queue."""
    return replace(pipeline, settlement=replace(pipeline.settlement, dead_letter=None))


def keeps_nothing(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that loses each request that it should requeue."""
    return replace(pipeline, settlement=replace(pipeline.settlement, requeue=lambda body, delay_seconds, until: None))


def defers_seldom(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that abandons a request after six deferrals."""
    deferral = pipeline.settlement.deferral
    few = replace(deferral, waits=replace(deferral.waits, attempts=7))
    return replace(pipeline, settlement=replace(pipeline.settlement, deferral=few))
