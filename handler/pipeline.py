"""Processes deliveries to settled outcomes, each isolated from the others.

Deliveries of one requestId share a lane and are processed one after the other. In parallel, one could receive a
refusal, the other make and publish the group, and the first one publish its outdated refusal last. Copies of one
request within a lane are one case: the API is called once for all of them.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import TypeVar

from handler.inbound import validation
from handler.inbound.envelope import Delivery
from handler.model import Indeterminate, ProvisionRequest, Rejected, Verdict
from handler.outcome import Call, Outcome, Processing
from handler.provisioning import errors
from handler.provisioning.provisioner import Provisioner
from handler.provisioning.retry import ApiCall, Deadlines
from handler.settlement import Case, DeliveryLog, Settlement

HANDLER_FAULT = "HandlerFault"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RequestLane:
    """The deliveries of one requestId: for each case the indexes of its deliveries in the batch."""

    request_id: str | None
    cases: dict[str | int, list[int]] = field(default_factory=dict)


def lanes_of(deliveries: Iterable[tuple[str | None, str | None]]) -> list[RequestLane]:
    """Return the lanes in order; `deliveries` are the usable request id and the content of each.

    Each delivery without a usable request id has its own lane; each without a content is its own case.
    """
    lanes: dict[str | int, RequestLane] = {}
    for index, (request_id, content) in enumerate(deliveries):
        lane = lanes.setdefault(index if request_id is None else request_id, RequestLane(request_id))
        lane.cases.setdefault(index if content is None else content, []).append(index)
    return list(lanes.values())


def side_by_side(process: Callable[[RequestLane], T], lanes: Sequence[RequestLane], concurrency: int) -> list[T]:
    """Return the result of each lane, in order; at most `concurrency` lanes are processed at a time.

    If one raises, the others are finished before this does.
    """
    if min(concurrency, len(lanes)) <= 1:
        return [process(lane) for lane in lanes]
    running = [_threads(concurrency).submit(process, lane) for lane in lanes]
    wait(running)
    return [each.result() for each in running]


@cache
def _threads(concurrency: int) -> ThreadPoolExecutor:
    """Return the threads that the instance keeps from batch to batch."""
    return ThreadPoolExecutor(concurrency)


@dataclass(frozen=True, slots=True)
class _CallRecorder:
    """Records and logs every call for one case."""

    log: DeliveryLog
    utc_now: Callable[[], datetime]
    calls: list[Call] = field(default_factory=list)

    def observe(self, call: ApiCall) -> None:
        if call.paused_seconds and self.calls:
            self.calls[-1] = replace(self.calls[-1], wait_seconds=call.paused_seconds)
        began_at, took = self.utc_now() - timedelta(seconds=call.took_seconds), call.took_seconds
        self.calls.append(Call(call.operation, call.code, began_at, took, call.wait_seconds or 0.0))
        self.log.call(call)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Processes the deliveries of an invocation; at most `concurrency` lanes at a time."""

    provisioner: Provisioner
    settlement: Settlement
    utc_now: Callable[[], datetime]
    log_of: Callable[[Delivery, str | None], DeliveryLog]
    concurrency: int

    def process(self, deliveries: Sequence[Delivery], deadlines: Deadlines) -> list[Outcome | None]:
        """Return each delivery's outcome once it is settled, in order; None where the delivery has to come back."""

        def process_lane(lane: RequestLane) -> list[tuple[int, Outcome | None]]:
            return self._process_lane(lane, deliveries, deadlines)

        lanes = lanes_of((validation.usable_request_id(each.document), _content(each)) for each in deliveries)
        outcomes = dict(chain.from_iterable(side_by_side(process_lane, lanes, self.concurrency)))
        return [outcomes[index] for index in range(len(deliveries))]

    def _process_lane(
        self, lane: RequestLane, deliveries: Sequence[Delivery], deadlines: Deadlines
    ) -> list[tuple[int, Outcome | None]]:
        unresolved: set[tuple[str, ...]] = set()  # configurations whose group a call of an earlier case may still make
        settled: list[tuple[int, Outcome | None]] = []
        for indexes in lane.cases.values():
            copies = [deliveries[index] for index in indexes]
            case = Case(copies, [self.log_of(each, lane.request_id) for each in copies], lane.request_id)
            verdict, processing = self._decide(case, deadlines, unresolved)
            outcomes = self.settlement.settle(case, verdict, processing, deadlines.publish)
            settled += zip(indexes, outcomes, strict=True)
        return settled

    def _decide(self, case: Case, deadlines: Deadlines, unresolved: set[tuple[str, ...]]) -> tuple[Verdict, Processing]:
        started_at = self.utc_now()
        log = case.logs[0]
        recorder = _CallRecorder(log, self.utc_now)
        try:
            verdict = self._verdict(case, deadlines, recorder, unresolved)
        except Exception as fault:  # must neither affect other deliveries nor lead to a false verdict
            log.crashed(fault)
            verdict = Indeterminate(errors.reason(HANDLER_FAULT), may_become_known=False)
        return verdict, Processing(started_at, self.utc_now(), tuple(recorder.calls))

    def _verdict(
        self, case: Case, deadlines: Deadlines, recorder: _CallRecorder, unresolved: set[tuple[str, ...]]
    ) -> Verdict:
        """Return the verdict; add the configuration to `unresolved` if a call for it may still make the group.

        It is added before the calls, so that it stays there if an exception ends them.
        """
        delivery = case.deliveries[0]
        broken = delivery.violations
        if not broken or delivery.document is not None:
            broken += validation.violations(delivery.document)
        if broken:
            return Rejected(broken)
        request = ProvisionRequest.of(delivery.document)
        may_land = request.configuration in unresolved
        unresolved.add(request.configuration)
        is_last = not self.settlement.deferral.is_left(case.generation)
        verdict = self.provisioner.provision(request, deadlines, recorder.observe, in_flight=may_land, is_last=is_last)
        if not may_land and not isinstance(verdict, Indeterminate):
            unresolved.remove(request.configuration)
        return verdict


def _content(delivery: Delivery) -> str | None:
    """Return a text that copies of one request have in common; None for an invalid body, which has no copies."""
    return None if delivery.violations else json.dumps(delivery.document, sort_keys=True)
