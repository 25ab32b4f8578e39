"""Random sequences of invocations: batches, redeliveries, resubmissions, rival groups, faults, kills.

Where the model goes through every schedule of one request, this goes through some of many requests that meet: in one
batch, on the pool's threads, over the same name. Two invocations never run at the same time.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from handler.inbound.request_event import Lineage
from handler.model import Adoption, ProvisionRequest
from tests.system.model import broken_variants as variants
from tests.system.model.broken_variants import provisioning_as
from tests.system.model.composition import Shape, as_shipped
from tests.system.model.delivery import Timing
from tests.system.model.faults import CREATE_FAULTS, LOOKUP_FAULTS, SMQ_FAULTS, Landing
from tests.system.model.invariants import Story
from tests.system.model.invocation import Cloud, Invocation
from tests.system.model.plan import FIRST, Message, Plan, Step
from tests.system.model.settings import ADOPTIONS, FREE, HASTY, TIMINGS, Setting

REGION = "cn-hangzhou"
MAX_BATCH = 16
BETWEEN_INVOCATIONS_SECONDS = 60.0  # longer than the service works on a request


@dataclass(frozen=True)
class Submission:
    """A new request, with a bucket or incomplete, perhaps sent twice by its requester."""

    name: str
    bucket: str | None
    copies: int


@dataclass(frozen=True)
class Resubmission:
    """A request that was submitted before, if there were so many, sent once more by its requester."""

    which: int


@dataclass(frozen=True)
class Replay:
    """A request that was submitted before, if there were so many, sent once more by an operator."""

    which: int


@dataclass(frozen=True)
class Rival:
    """A group that is made by other means than this function, if the name is free."""

    name: str
    bucket: str


Arrival = Submission | Resubmission | Replay | Rival

NAMES = st.sampled_from(("one", "two", "three", "four", "five"))
BUCKETS = st.sampled_from(("team-bucket", "other-bucket"))
SUBMISSIONS = st.builds(
    Submission, NAMES, st.sampled_from(("team-bucket", "team-bucket", "other-bucket", None)), st.sampled_from((1, 1, 2))
)
AGAIN = st.builds(Resubmission, st.integers(0, 7)) | st.builds(Replay, st.integers(0, 7))
ARRIVALS = SUBMISSIONS | AGAIN | st.builds(Rival, NAMES, BUCKETS)
FAULTS: dict[str, tuple[Any, ...]] = {
    # Not the late commits: here they are calls that take longer than the caller waits.
    "creates": (None, *(fault for fault in CREATE_FAULTS if fault.landing is not Landing.LATER)),
    "lookups": (None, *LOOKUP_FAULTS),
    "publications": (None, *SMQ_FAULTS),
    "sendings": (None, *SMQ_FAULTS),
}
ASSUME_ROLE_FAIL = next(fault for fault in CREATE_FAULTS if fault.name == "AssumeRoleFail")
THERE_SECONDS = (0.1, 0.1, 1.0, 5.0, 12.0, 30.0)
BACK_SECONDS = (0.1, 0.1, 1.0, 12.0)


def plan_by(chance: Random) -> Plan:
    """Up to three of the first calls of a delivery go wrong or take their time, at times in an outage of the API."""
    steps: dict[str, list[Step[Any]]] = {calls: [Step()] * 3 for calls in FAULTS}
    steps["creates"] = [Step(chance.choice((None, None, ASSUME_ROLE_FAIL)))] * 3
    for _ in range(chance.randrange(4)):
        calls = chance.choice(tuple(FAULTS))
        mishap = Step(chance.choice(FAULTS[calls]), chance.choice(THERE_SECONDS), chance.choice(BACK_SECONDS))
        steps[calls][chance.choice((0, 0, 0, 1, 1, 2))] = mishap
    return Plan(**{calls: tuple(planned) for calls, planned in steps.items()})


SOUND = Plan()


class Provisioning(RuleBasedStateMachine):
    """A queue of requests, an account, and invocations that process batches of the queue."""

    shape: Shape = staticmethod(as_shipped)

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud()
        self.documents: dict[str, dict[str, Any]] = {}
        self.queue: list[Message] = []
        self.sent = 0
        self.now = 0.0

    @initialize(
        adoption=st.sampled_from(ADOPTIONS),
        timing=st.sampled_from((*TIMINGS, HASTY, HASTY)),
        deferrals=st.integers(0, 2),
    )
    def deploy(self, adoption: Adoption, timing: Timing, deferrals: int) -> None:
        self.adoption, self.timing, self.deferrals = adoption, timing, deferrals

    @rule(
        arrivals=st.lists(ARRIVALS, min_size=1, max_size=4),
        rotation=st.integers(0, 5),
        size=st.integers(1, 4),
        seed=st.integers(0, 2**32 - 1),
        concurrency=st.integers(1, 3),
        is_ack_lost=st.booleans(),
    )
    def invoke(
        self, arrivals: list[Arrival], rotation: int, size: int, seed: int, concurrency: int, is_ack_lost: bool
    ) -> None:
        """Requests arrive, and the trigger delivers a batch from anywhere in the queue."""
        for arrival in arrivals:
            self._arrives(arrival)
        start = rotation % max(1, len(self.queue))
        self.queue = self.queue[start:] + self.queue[:start]
        chance = Random(f"{seed} {self.now} {self.queue}")  # of seeds alone, Hypothesis draws too many twice
        self._invoke([plan_by(chance) for _ in range(size)], concurrency, is_ack_lost)

    @invariant()
    def invariants_hold(self) -> None:
        for story in self.cloud.stories.values():
            self._assert_kept(story)

    def teardown(self) -> None:
        """After all faults, every request gets its outcome."""
        rounds = len(self.queue) + 1
        while self.queue and rounds:
            self._invoke([SOUND] * MAX_BATCH, concurrency=MAX_BATCH, is_ack_lost=False)
            rounds -= 1
        assert self.queue == []
        for request_id, story in self.cloud.stories.items():
            self._assert_kept(story.closed({made.group.name: made for made in self.cloud.account.groups}))
            is_incomplete = "bucketName" not in self.documents[request_id]
            assert is_incomplete == ({said.status for said in story.statements} == {"rejected"})

    def _assert_kept(self, story: Story) -> None:
        assert not story.found & Setting(FREE, self.adoption, self.timing).forbidden, story

    def _arrives(self, arrival: Arrival) -> None:
        match arrival:
            case Submission(name, bucket, copies):
                self._submit(name, {} if bucket is None else {"bucketName": bucket, "bucketRegion": REGION}, copies)
            case Resubmission(which):
                self._send(*list(self.documents.values())[which : which + 1])
            case Replay(which):
                replay_id = f"rp-{self.sent:012x}"
                lineage = Lineage(replay_id=replay_id, submission_id=replay_id)
                self._send(*list(self.documents.values())[which : which + 1], lineage=lineage)
            case Rival(name, bucket):
                self.cloud.account.create(ProvisionRequest("another-client", name, bucket, REGION))

    def _submit(self, name: str, place: dict[str, str], copies: int) -> None:
        document = {"requestId": f"REQ-{len(self.documents)}", "name": name, **place}
        request = ProvisionRequest.of({"bucketName": "", "bucketRegion": "", **document})
        self.documents[request.request_id] = document
        self.cloud.stories[request.request_id] = Story(())
        self._send(*[document] * copies)

    def _send(self, *documents: dict[str, Any], lineage: Lineage = FIRST) -> None:
        for document in documents:
            self.sent += 1
            message = Message(f"message-{self.sent}", document, lineage)
            self.queue.append(message)
            request = ProvisionRequest.of({"bucketName": "", "bucketRegion": "", **document})
            story = self.cloud.stories[request.request_id]
            asked = (*story.asked, (message.submissions[0], request))
            self.cloud.stories[request.request_id] = replace(story, asked=asked)

    def _invoke(self, plans: list[Plan], concurrency: int, is_ack_lost: bool) -> None:
        batch = list(zip(self.queue, plans, strict=False))
        invocation = Invocation(self.cloud, self.now, batch, concurrency, self.deferrals)
        if invocation.is_acknowledged(self.adoption, self.timing, type(self).shape) and not is_ack_lost:
            done = [message for message, _ in batch]
            self.queue = [message for message in self.queue if message not in done]
        self.queue += self.cloud.requeued
        self.cloud.requeued.clear()
        self.now = invocation.now() + BETWEEN_INVOCATIONS_SECONDS
        self.cloud.land(self.now)


RUN = settings(max_examples=500, stateful_step_count=6, database=None)


def test_invariants_hold_for_random_requests_and_faults() -> None:
    """Batches, redeliveries and rival groups are drawn at random."""
    run_state_machine_as_test(Provisioning, settings=RUN)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(provisioning_as(variants.NeverLooks), id="never-looks"),
        pytest.param(provisioning_as(variants.LooksOnce), id="looks-once"),
        pytest.param(provisioning_as(variants.TakesANamesakeForItsOwn), id="takes-any-group-of-the-name"),
        pytest.param(variants.swallowing_failures_to_publish, id="swallows-what-it-cannot-publish"),
        pytest.param(variants.requeueing_before_publishing, id="requeues-before-publishing"),
    ],
)
def test_random_run_finds_a_broken_variant(shape: Shape) -> None:
    """The same state machine detects each broken variant."""

    class Broken(Provisioning):
        pass

    Broken.shape = staticmethod(shape)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Broken, settings=settings(RUN, max_examples=4000, phases=[Phase.generate], derandomize=True)
        )
