"""A pipeline over fakes: its API, topic and queue behave as a test says, and its results are recorded."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from handler.inbound.envelope import Delivery, parse_message
from handler.inbound.request_event import Lineage, of_event
from handler.model import Adoption, Answer, Created, LookupResult, ProvisionRequest
from handler.outcome import Outcome
from handler.pipeline import Pipeline
from handler.provisioning.deferral import Deferral
from handler.provisioning.provisioner import Policy, Provisioner, Service
from handler.provisioning.retry import Backoff, Deadlines
from handler.settlement import Settlement
from handler.smq.client import SmqError
from tests.support.clock import ManualClock
from tests.support.fakes import RecordingLog
from tests.support.samples import DEADLINES, DOCUMENT, MOMENT, NO_GROUPS, delivery

SOURCE = "acs:fc:cn-hangzhou:1:functions/provision"


@dataclass
class Harness:
    """A pipeline with its fakes, and what it has published, requeued and logged."""

    clock: ManualClock
    service: Service
    adoption: Adoption = "identical"
    concurrency: int = 16
    deferrals: int = 0
    refused_by_topic: Callable[[Outcome], SmqError | None] = lambda outcome: None
    refused_by_queue: SmqError | None = None
    published: list[tuple[Outcome, float]] = field(default_factory=list)
    requeued: list[tuple[str, int, float]] = field(default_factory=list)
    logs: dict[str, RecordingLog] = field(default_factory=dict)

    def process(self, *deliveries: Delivery, deadlines: Deadlines = DEADLINES) -> list[Outcome | None]:
        """Return the outcomes of `deliveries`."""
        policy = Policy(Backoff(3, 1.0, 8.0), 10.0, 10.0, self.adoption)
        pipeline = Pipeline(
            provisioner=Provisioner(policy, self.service, self.clock),
            settlement=Settlement(
                deferral=Deferral(Backoff(self.deferrals + 1, 60.0, 3600.0), 302_400.0),
                publish=self._publish,
                requeue=self._requeue,
                uniform=self.clock.uniform,
                source=SOURCE,
            ),
            utc_now=self._utc_now,
            log_of=self._log_of,
            concurrency=self.concurrency,
        )
        return pipeline.process(deliveries, deadlines)

    def receive_requeued(self, message_id: str = "M-again") -> list[Delivery]:
        """Return the deliveries of every requeued message, and empty the queue."""
        bodies = [body for body, _, _ in self.requeued]
        self.requeued.clear()
        return [each for n, body in enumerate(bodies) for each in parse_message(f"{message_id}-{n}", body)]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return every published event, in order."""
        return [dict(outcome.event) for outcome, _ in self.published]

    @property
    def lineages(self) -> list[Lineage]:
        """Return the lineage of every requeued message, in order."""
        return [of_event(json.loads(body), "M-unused") for body, _, _ in self.requeued]

    def _publish(self, outcome: Outcome, until: float) -> None:
        refusal = self.refused_by_topic(outcome)
        if refusal is not None:
            raise refusal
        self.published.append((outcome, until))

    def _requeue(self, body: str, delay_seconds: int, until: float) -> None:
        if self.refused_by_queue is not None:
            raise self.refused_by_queue
        self.requeued.append((body, delay_seconds, until))

    def _utc_now(self) -> datetime:
        return MOMENT + timedelta(seconds=self.clock.now() - 1000.0)

    def _log_of(self, each: Delivery, request_id: str | None) -> RecordingLog:
        log_entries = RecordingLog()
        self.logs[each.message_id] = log_entries
        log_entries.entries.append(("bound", request_id))
        return log_entries


class AcceptAll:
    """An API that creates any group, unless `answer_for` gives another answer to the request."""

    def __init__(self, answer_for: Callable[[ProvisionRequest], Answer | None] = lambda request: None) -> None:
        self._answer_for = answer_for

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        return self._answer_for(request) or Created(f"sync-{request.request_id}", "")

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        return NO_GROUPS


def answering(answer: Answer) -> AcceptAll:
    """Return an API that gives every create call the same answer and shows no group."""
    return AcceptAll(lambda request: answer)


def data_of(outcome: Outcome | None) -> dict[str, Any]:
    """Return the data of the outcome of a delivery that is settled."""
    assert outcome is not None
    data: dict[str, Any] = outcome.event["data"]
    return data


def statuses(outcomes: list[Outcome | None]) -> list[str]:
    """Return the status of each delivery, all of which are settled."""
    return [data_of(outcome)["status"] for outcome in outcomes]


def delivery_of(request_id: str, message_id: str = "", **changes: object) -> Delivery:
    """Return a delivery of a request of that id, in a message named after it."""
    return delivery({**DOCUMENT, "requestId": request_id, **changes}, message_id or f"M-{request_id}")
