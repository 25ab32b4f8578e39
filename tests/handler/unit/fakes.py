"""What the core is given instead of the world: time that moves when told, and an API that follows a script."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, TypeVar

from handler.inbound.envelope import Delivery
from handler.inbound.request_event import Lineage
from handler.model import Answer, Created, Group, GroupList, LookupResult, ProvisionRequest, Refused, Unanswered
from handler.outcome import Outcome, OutcomeContext
from handler.provisioning.retry import Attempt
from handler.smq.client import SmqError

Result = TypeVar("Result")

DOCUMENT = {
    "requestId": "REQ-1",
    "name": "photos",
    "bucketName": "holiday-bucket",
    "bucketRegion": "cn-hangzhou",
    "bucketPrefix": "teams/a",
    "description": "of summer",
    "requester": "lin.wei",
}
REQUEST = ProvisionRequest("REQ-1", "photos", "holiday-bucket", "cn-hangzhou", "teams/a", "of summer")

CREATED = Created("sync-new", "API-1")
NO_GROUPS = GroupList(())
THROTTLED = Refused("Throttling.User", 400)
INTERNAL_ERROR = Refused("InternalError", 500)
ASSUME_ROLE_FAIL = Refused("AssumeRoleFail", 403)
DUPLICATE = Refused("DuplicateExpressSyncName", 400)
NO_PERMISSION = Refused("NoPermission", 403)
READ_TIMEOUT = Unanswered("ReadTimeout", sent=True)
NOT_CONNECTED = Unanswered("NotConnected", sent=False)

TOPIC_GONE = SmqError("TopicNotExist", transient=False)
QUEUE_CLOSED = SmqError("AccessDenied", transient=False)

MOMENT = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)


def group_of(**changes: str) -> Group:
    """The group that REQUEST asks for, but for `changes`."""
    group = Group("sync-there", "photos", "holiday-bucket", "cn-hangzhou", "teams/a", "of summer")
    return replace(group, **changes)


@dataclass
class FakeClock:
    """Time in which only sleeping takes time; `fraction` is where in its range every random number falls."""

    instant: float = 1000.0
    fraction: float = 1.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.instant

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.instant += seconds

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.fraction


@dataclass
class ScriptedService:
    """The API: answers from two scripts in turn, and remembers what it was asked; an unexpected call is an error."""

    clock: FakeClock
    answers: Iterator[Answer]
    findings: Iterator[LookupResult]
    call_seconds: float = 0.0
    created: list[ProvisionRequest] = field(default_factory=list)
    looked: list[str | None] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        self.created.append(request)
        return self._after(timeout_seconds, self.answers)

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        self.looked.append(bucket_name)
        return self._after(timeout_seconds, self.findings)

    def _after(self, timeout_seconds: float, script: Iterator[Result]) -> Result:
        self.timeouts.append(timeout_seconds)
        self.clock.instant += min(self.call_seconds, timeout_seconds)
        result = next(script, None)
        assert result is not None, "a call that the script does not know"
        return result


def scripted(
    clock: FakeClock, answers: Iterable[Answer] = (), findings: Iterable[LookupResult] = (), call_seconds: float = 0.0
) -> ScriptedService:
    """A service that gives `answers` to create calls and `findings` to looks, each taking `call_seconds`."""
    return ScriptedService(clock, iter(answers), iter(findings), call_seconds)


@dataclass
class RecordingLog:
    """What one delivery's journal was told, as (event, detail) pairs in order."""

    told: list[tuple[str, Any]] = field(default_factory=list)

    def call(self, attempt: Attempt) -> None:
        self.told.append(("attempted", attempt))

    def published(self, outcome: Outcome) -> None:
        self.told.append(("decided", outcome))

    def not_settled(self, outcome: Outcome, code: str) -> None:
        self.told.append(("unfinished", code))

    def not_published(self, outcome: Outcome, code: str) -> None:
        self.told.append(("unpublished", code))

    def crashed(self, fault: Exception) -> None:
        self.told.append(("failed", type(fault).__name__))

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.told]


@dataclass
class ScriptedSmq:
    """A topic and a queue that fail as the script says and then accept; remembers what it was given."""

    failures: Iterator[SmqError]
    timeouts: list[float] = field(default_factory=list)
    published: list[tuple[str, str, str]] = field(default_factory=list)
    sent: list[tuple[str, list[str], int]] = field(default_factory=list)

    def with_timeout(self, seconds: float) -> "ScriptedSmq":
        self.timeouts.append(seconds)
        return self

    def publish(self, topic: str, body: str, tag: str) -> str:
        self.published.append((topic, body, tag))
        return self._accepted()

    def send(self, queue: str, bodies: list[str], delay_seconds: int = 0) -> tuple[str, ...]:
        self.sent.append((queue, bodies, delay_seconds))
        return (self._accepted(),)

    def _accepted(self) -> str:
        failure = next(self.failures, None)
        if failure is not None:
            raise failure
        return "M-1"


def delivery(document: object = DOCUMENT, message_id: str = "M-1", **more: Any) -> Delivery:
    """A delivery of `document`, each message a submission of its own unless a lineage names another."""
    lineage = more.pop("lineage", Lineage())
    return Delivery(
        message_id, document, lineage=replace(lineage, submission_id=lineage.submission_id or message_id), **more
    )


def circumstances(**changes: Any) -> OutcomeContext:
    """Plain circumstances of a verdict, but for `changes`."""
    about = OutcomeContext(
        source="acs:fc:cn-hangzhou:1234567890123456:functions/provision",
        message_id="M-1",
        request_id="REQ-1",
        lineage=Lineage(submission_id="M-1"),
        attempts=1,
        waited_seconds=0.0,
        started_at=MOMENT,
        finished_at=MOMENT,
    )
    return replace(about, **changes)


def ignore(_: object) -> None:
    """An observer that does not care."""
