"""Announcing on the local MNS: accepted once whatever happens on the way, and the outcome arrives as it was made."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from jsonschema import Draft7Validator

from express_sync.local.account import LOCAL_ACCOUNT
from handler.inbound.request_event import Lineage
from handler.inbound.validation import SCHEMAS
from handler.model import Failed, Refused, Succeeded
from handler.outcome import Outcome, outcome_of
from handler.provisioning import errors
from handler.provisioning.retry import Backoff
from handler.smq.client import Smq, SmqError
from handler.smq.senders import ResultTopic
from tests.handler.integration.handler_support import ROLE, Mns, furnished_mns
from tests.handler.unit.fakes import DOCUMENT, FakeClock, circumstances

CONTRACT = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
SUCCEEDED = outcome_of(Succeeded("sync-1", "created"), DOCUMENT, circumstances())
AWKWARD = outcome_of(
    Failed(errors.reason_of(Refused("RoleNotExist", 404, "API-1"))),
    {**DOCUMENT, "description": "组\r\n\t<&>]]>\"' \U0001f600"},
    circumstances(lineage=Lineage({"correlationid": "<订单>"}, submission_id="M-1")),
)


@pytest.fixture(scope="module")
def running_mns() -> Iterator[Mns]:
    """A local MNS for all tests of the module."""
    with furnished_mns() as furnished:
        yield furnished


@pytest.fixture
def mns(running_mns: Mns) -> Mns:
    """The local MNS without anything that another test left in it."""
    running_mns.reset()
    return running_mns


@dataclass
class Announcer:
    """A result topic over that MNS, on a clock that only moves when it waits."""

    mns: Mns
    clock: FakeClock = field(default_factory=FakeClock)

    def topic(self, name: str = "outcomes") -> ResultTopic:
        return ResultTopic(Smq(self.mns.url, ROLE), name, self.clock, Backoff(5, 0.5, 2.0))

    def until(self) -> float:
        return self.clock.now() + 60.0


@pytest.fixture
def announcer(mns: Mns) -> Announcer:
    """An announcer of the test's own."""
    return Announcer(mns)


@pytest.mark.parametrize("outcome", [SUCCEEDED, AWKWARD], ids=["plain", "awkward"])
def test_an_outcome_arrives_to_the_letter(announcer: Announcer, outcome: Outcome) -> None:
    """Through XML and back."""
    announcer.topic().publish(outcome, announcer.until())
    (body,) = announcer.mns.bodies("results")
    assert body == outcome.text()
    CONTRACT.validate(json.loads(body))


@pytest.mark.parametrize("fault", ["InternalError", "TooManyRequests", "unavailable", "http-502-html", "reset-before"])
def test_a_passing_fault_that_did_nothing_leaves_one_announcement(announcer: Announcer, fault: str) -> None:
    """After a wait."""
    announcer.mns.queue_faults("PublishMessage", fault, fault)
    announcer.topic().publish(SUCCEEDED, announcer.until())
    assert announcer.mns.bodies("results") == [SUCCEEDED.text()]
    assert announcer.clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("fault", ["error-after", "reset-after"])
def test_a_passing_fault_that_was_done_repeats_the_same_event(announcer: Announcer, fault: str) -> None:
    """Both copies have one id, by which consumers know the second as a repetition."""
    announcer.mns.queue_faults("PublishMessage", fault)
    announcer.topic().publish(SUCCEEDED, announcer.until())
    ids = [json.loads(body)["id"] for body in announcer.mns.bodies("results")]
    assert ids == [SUCCEEDED.event["id"]] * 2


def test_a_topic_that_is_not_there_is_not_insisted_on(announcer: Announcer) -> None:
    """The delivery has to come back instead."""
    with pytest.raises(SmqError, match="TopicNotExist"):
        announcer.topic("nowhere").publish(SUCCEEDED, announcer.until())
    assert len(announcer.mns.calls("PublishMessage")) == 1


def test_a_topic_that_stays_away_is_given_up_in_time(announcer: Announcer) -> None:
    """With the last failure's code."""
    announcer.mns.queue_faults("PublishMessage", *["InternalError"] * 9)
    until = announcer.until()
    with pytest.raises(SmqError, match="InternalError"):
        announcer.topic().publish(SUCCEEDED, until)
    assert len(announcer.mns.calls("PublishMessage")) == 5
    assert announcer.clock.now() < until


@pytest.mark.parametrize(("tag", "arrives"), [("failed", True), ("succeeded", False)])
def test_subscribers_filter_on_the_status(announcer: Announcer, tag: str, arrives: bool) -> None:
    """The tag of an announcement is its status."""
    service = announcer.mns.service
    service.queues.create_queue(f"only-{tag}")
    endpoint = f"acs:mns:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:queues/only-{tag}"
    service.topics.subscribe("outcomes", f"only-{tag}", endpoint, filter_tag=tag, notify_content_format="SIMPLIFIED")
    announcer.topic().publish(AWKWARD, announcer.until())
    assert announcer.mns.bodies(f"only-{tag}") == ([AWKWARD.text()] if arrives else [])
