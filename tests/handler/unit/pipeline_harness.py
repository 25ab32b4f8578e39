"""A pipeline over fakes: an API, a topic and a queue that behave as a test says, and all that came out of it."""

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
from tests.handler.unit.fakes import DOCUMENT, MOMENT, NO_GROUPS, FakeClock, RecordingLog, delivery

DEADLINES = Deadlines(create=1078.0, lookup=1103.0, publish=1118.0)
SOURCE = "acs:fc:cn-hangzhou:1:functions/provision"


@dataclass
class Harness:
    """A pipeline, what it is connected to, and what it published, sent back and wrote down."""

    clock: FakeClock
    service: Service
    adoption: Adoption = "identical"
    concurrency: int = 16
    deferrals: int = 0
    refused_by_topic: Callable[[Outcome], SmqError | None] = lambda outcome: None
    refused_by_queue: SmqError | None = None
    published: list[tuple[Outcome, float]] = field(default_factory=list)
    sent_back: list[tuple[str, int, float]] = field(default_factory=list)
    logs: dict[str, RecordingLog] = field(default_factory=dict)

    def work(self, *deliveries: Delivery, deadlines: Deadlines = DEADLINES) -> list[Outcome | None]:
        """Return the outcomes of `deliveries`."""
        policy = Policy(Backoff(3, 1.0, 8.0), 10.0, 10.0, self.adoption)
        pipeline = Pipeline(
            provisioner=Provisioner(policy, self.service, self.clock),
            settlement=Settlement(
                deferral=Deferral(Backoff(self.deferrals + 1, 60.0, 3600.0), 302_400.0),
                publish=self._publish,
                requeue=self._send_back,
                uniform=self.clock.uniform,
                source=SOURCE,
            ),
            utc_now=self._utc_now,
            log_of=self._journal_of,
            concurrency=self.concurrency,
        )
        return pipeline.process(deliveries, deadlines)

    def arrive(self, message_id: str = "M-again") -> list[Delivery]:
        """Return the deliveries of everything that was sent back, and empty the queue."""
        bodies = [body for body, _, _ in self.sent_back]
        self.sent_back.clear()
        return [each for n, body in enumerate(bodies) for each in parse_message(f"{message_id}-{n}", body)]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event that was published, in order."""
        return [dict(outcome.event) for outcome, _ in self.published]

    @property
    def back(self) -> list[Lineage]:
        """The lineage of every message that was sent back, in order."""
        return [of_event(json.loads(body), "M-unused") for body, _, _ in self.sent_back]

    def _publish(self, outcome: Outcome, until: float) -> None:
        refusal = self.refused_by_topic(outcome)
        if refusal is not None:
            raise refusal
        self.published.append((outcome, until))

    def _send_back(self, body: str, delay_seconds: int, until: float) -> None:
        if self.refused_by_queue is not None:
            raise self.refused_by_queue
        self.sent_back.append((body, delay_seconds, until))

    def _utc_now(self) -> datetime:
        return MOMENT + timedelta(seconds=self.clock.now() - 1000.0)

    def _journal_of(self, each: Delivery, request_id: str | None) -> RecordingLog:
        journal = RecordingLog()
        self.logs[each.message_id] = journal
        journal.told.append(("bound", request_id))
        return journal


class EveryName:
    """An API that creates any group, but for the names that `trouble` answers."""

    def __init__(self, trouble: Callable[[ProvisionRequest], Answer | None] = lambda request: None) -> None:
        self._trouble = trouble

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        return self._trouble(request) or Created(f"sync-{request.request_id}", "")

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        return NO_GROUPS


def always(answer: Answer) -> EveryName:
    """Return an API that gives every create call the same answer and shows no group."""
    return EveryName(lambda request: answer)


def data_of(outcome: Outcome | None) -> dict[str, Any]:
    """Return the data of the outcome of a delivery that is settled."""
    assert outcome is not None
    data: dict[str, Any] = outcome.event["data"]
    return data


def statuses(outcomes: list[Outcome | None]) -> list[str]:
    """Return the status of each delivery, all of which are settled."""
    return [data_of(outcome)["status"] for outcome in outcomes]


def asking(request_id: str, message_id: str = "", **changes: object) -> Delivery:
    """Return a delivery of a request of that id, in a message named after it."""
    return delivery({**DOCUMENT, "requestId": request_id, **changes}, message_id or f"M-{request_id}")
