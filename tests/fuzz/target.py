"""The function from event bytes to published outcomes, without its cloud: an API that answers anything, a strict topic.

Whatever goes wrong in here is an AssertionError of the input that did it.
"""

import json
import time
import zlib
from dataclasses import astuple, dataclass, field
from datetime import datetime, timezone

from jsonschema import Draft7Validator

from handler import envelope, validation
from handler.backoff import Backoff
from handler.deferral import Deferral
from handler.envelope import Delivery
from handler.insist import Attempt
from handler.model import Answer, Created, Finding, Group, ProvisionRequest, Refused, Seen, Unanswered
from handler.outcome import Outcome
from handler.pipeline import Pipeline
from handler.provision import Deadlines, Policy, Provisioner
from handler.smq import MOST_BYTES, SmqError
from handler.validation import SCHEMAS

_VALIDATOR = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
_MOMENT = datetime(2026, 11, 23, 8, tzinfo=timezone.utc)
_ANSWERS: tuple[Answer, ...] = (
    Created("sync-new", "API-1"),
    Refused("RoleNotExist", 404, "API-2"),
    Refused("AssumeRoleFail", 403),
    Refused("DuplicateExpressSyncName", 400),
    Unanswered("ReadTimeout", sent=True),
    Unanswered("NotConnected", sent=False),
)
_SILENCE = Refused("NoPermission", 403)


class Clock:
    """Time that passes only in sleep."""

    def now(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


class Service:
    """Answers by the name alone, so that every input repeats itself; takes only what can go over a wire."""

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        assert timeout_seconds > 0
        assert "".join(astuple(request)).encode()
        return _ANSWERS[_number(request.name) % len(_ANSWERS)]

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding:
        assert timeout_seconds > 0
        same = Group("sync-there", "photos", bucket_name or "", "cn-hangzhou", "teams/a", "of summer")
        findings: tuple[Finding, ...] = (Seen(()), Seen((same,)), _SILENCE)
        return findings[_number(bucket_name or "") % len(findings)]


@dataclass(frozen=True)
class StrictJournal:
    """Accepts everything but a fault of the function's own."""

    def attempted(self, attempt: Attempt) -> None:
        assert attempt.number >= 1

    def decided(self, outcome: Outcome) -> None:
        assert outcome.status

    def unfinished(self, outcome: Outcome, code: str) -> None:
        assert code == "Refused"

    def left(self) -> None:
        raise AssertionError("nothing may be left where time stands still")

    def failed(self, fault: Exception) -> None:
        raise AssertionError("a fault of the function") from fault


@dataclass
class Target:
    """Feeds events and keeps count; `slowest_seconds` is CPU time of one input."""

    fed: int = 0
    published: int = 0
    slowest_seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)

    def feed(self, event: bytes) -> None:
        """Work one event as the function would; AssertionError if anything but outcomes by contract comes of it."""
        began = time.process_time()
        intake = envelope.parse(event)
        outcomes = self._pipeline().work(intake.deliveries, Deadlines(78.0, 103.0, 118.0))
        self.slowest_seconds = max(self.slowest_seconds, time.process_time() - began)
        self.fed += 1
        assert len(outcomes) == len(intake.deliveries)
        assert intake.deliveries or intake.order or event.strip() == b"[]", "a message without a delivery"
        for outcome in outcomes:
            status = outcome.status if outcome else "to come back"
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def _pipeline(self) -> Pipeline:
        policy = Policy(Backoff(2, 0.5, 8.0), 10.0, 10.0, "identical")
        return Pipeline(
            provisioner=Provisioner(policy, Service(), Clock()),
            deferral=Deferral(Backoff(1 + self.fed % 2, 60.0, 3600.0)),
            publish=self._publish,
            send_back=_send_back,
            utc_now=lambda: _MOMENT,
            journal_of=_journal_of,
            source="acs:fc:cn-hangzhou:1234567890123456:functions/express-sync-provision",
            concurrency=4,
        )

    def _publish(self, outcome: Outcome, until: float) -> None:
        text = outcome.text()
        assert len(text.encode()) <= MOST_BYTES
        problems = [error.message for error in _VALIDATOR.iter_errors(json.loads(text))]
        assert problems == []
        self.published += 1
        if int(outcome.event["id"], 16) % 16 == 0:
            raise SmqError("Refused", transient=False)


def _journal_of(delivery: Delivery, request_id: str | None) -> StrictJournal:
    assert delivery.message_id
    assert request_id is None or request_id.strip()
    return StrictJournal()


def _send_back(body: str, delay_seconds: int, until: float) -> None:
    (delivery,) = envelope.parse_message("sent back", body)
    assert validation.violations(delivery.document) == ()
    assert delivery.lineage.generation > 0
    assert delay_seconds > 0


def _number(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
