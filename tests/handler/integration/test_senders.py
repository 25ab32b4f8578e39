"""Publishing on the local MNS: once if nothing was accepted before, under the same id otherwise, and unchanged."""

import json
from dataclasses import dataclass, field

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from handler.inbound.request_event import Lineage
from handler.model import Failed, Refused, Succeeded
from handler.outcome import Outcome, outcome_of
from handler.provisioning import errors
from handler.provisioning.retry import Backoff
from handler.smq.client import Smq, SmqError
from handler.smq.senders import ResultTopic
from tests.support.clock import ManualClock
from tests.support.contract import OUTCOME_VALIDATOR
from tests.support.prepared_mns import PreparedMns
from tests.support.role_credentials import ROLE
from tests.support.samples import DOCUMENT, outcome_context

SUCCEEDED = outcome_of(Succeeded("sync-1", "created"), DOCUMENT, outcome_context())
AWKWARD = outcome_of(
    Failed(errors.reason_of(Refused("RoleNotExist", 404, "API-1"))),
    {**DOCUMENT, "description": "组\r\n\t<&>]]>\"' \U0001f600"},
    outcome_context(lineage=Lineage({"correlationid": "<订单>"}, submission_id="M-1")),
)


@dataclass
class Publisher:
    """A result topic over that MNS, on a clock that only moves when it waits."""

    mns: PreparedMns
    clock: ManualClock = field(default_factory=ManualClock)

    def topic(self, name: str = "outcomes") -> ResultTopic:
        return ResultTopic(Smq.at(self.mns.url, ROLE), name, self.clock, Backoff(5, 0.5, 2.0))

    def until(self) -> float:
        return self.clock.now() + 60.0


@pytest.fixture
def publisher(mns: PreparedMns) -> Publisher:
    """Return a publisher for one test."""
    return Publisher(mns)


@pytest.mark.parametrize("outcome", [SUCCEEDED, AWKWARD], ids=["plain", "awkward"])
def test_published_outcome_arrives_unchanged(publisher: Publisher, outcome: Outcome) -> None:
    """It passes through XML."""
    publisher.topic().publish(outcome, publisher.until())
    (body,) = publisher.mns.bodies("results")
    assert body == outcome.text
    OUTCOME_VALIDATOR.validate(json.loads(body))


@pytest.mark.parametrize("fault", ["InternalError", "TooManyRequests", "unavailable", "http-502-html", "reset-before"])
def test_outcome_is_published_once_after_a_fault_without_effect(publisher: Publisher, fault: str) -> None:
    publisher.mns.queue_faults("PublishMessage", fault, fault)
    publisher.topic().publish(SUCCEEDED, publisher.until())
    assert publisher.mns.bodies("results") == [SUCCEEDED.text]
    assert publisher.clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("fault", ["error-after", "reset-after"])
def test_fault_after_acceptance_repeats_the_same_event(publisher: Publisher, fault: str) -> None:
    """Both copies have one id, by which consumers recognise the repetition."""
    publisher.mns.queue_faults("PublishMessage", fault)
    publisher.topic().publish(SUCCEEDED, publisher.until())
    ids = [json.loads(body)["id"] for body in publisher.mns.bodies("results")]
    assert ids == [SUCCEEDED.event["id"]] * 2


def test_publication_to_a_missing_topic_is_not_retried(publisher: Publisher) -> None:
    """The delivery has to come back instead."""
    with pytest.raises(SmqError, match="TopicNotExist"):
        publisher.topic("nowhere").publish(SUCCEEDED, publisher.until())
    assert len(publisher.mns.calls("PublishMessage")) == 1


def test_publication_raises_the_last_failure_before_the_deadline(publisher: Publisher) -> None:
    publisher.mns.queue_faults("PublishMessage", *["InternalError"] * 9)
    until = publisher.until()
    with pytest.raises(SmqError, match="InternalError"):
        publisher.topic().publish(SUCCEEDED, until)
    assert len(publisher.mns.calls("PublishMessage")) == 5
    assert publisher.clock.now() < until


@pytest.mark.parametrize(("tag", "arrives"), [("failed", True), ("succeeded", False)])
def test_subscribers_filter_on_the_status(publisher: Publisher, tag: str, arrives: bool) -> None:
    """The tag of a publication is its status."""
    service = publisher.mns.service
    service.queues.create_queue(f"only-{tag}")
    endpoint = f"acs:mns:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:queues/only-{tag}"
    service.topics.subscribe("outcomes", f"only-{tag}", endpoint, filter_tag=tag, notify_content_format="SIMPLIFIED")
    publisher.topic().publish(AWKWARD, publisher.until())
    assert publisher.mns.bodies(f"only-{tag}") == ([AWKWARD.text] if arrives else [])
