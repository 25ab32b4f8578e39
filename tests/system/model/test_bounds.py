"""How many messages and create calls an outage costs: whole batches on the pool's threads, in virtual time.

The model counts them in every schedule, but in small batches; here a batch has up to sixteen messages, one request is
submitted twice, and chance chooses which invocations are killed or not acknowledged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from handler.model import ProvisionRequest
from tests.system.model.broken_variants import raising_when_time_is_out
from tests.system.model.delivery import Shape, as_shipped
from tests.system.model.faults import CREATE_FAULTS, LOOK_FAULTS
from tests.system.model.invocation import Cloud, Invocation
from tests.system.model.plan import Message, Plan, Step
from tests.system.model.settings import AMPLE, DOCUMENT
from tests.system.model.truth import VIOLATIONS, Story

REQUESTS, DEFERRALS = 16, 6
BETWEEN_BEGINNINGS_SECONDS = 180.0  # longer than an invocation lasts
CREATES = {fault.name: fault for fault in CREATE_FAULTS}
LOOKS = {fault.name: fault for fault in LOOK_FAULTS}
SILENT_SECONDS, SLOW_SECONDS = 60.0, 9.8  # longer than a call may take, and almost as long
OUTAGES = {
    "creates-silent": Plan(creates=(Step(CREATES["lost before"], SILENT_SECONDS),) * 9),
    "silent": Plan(
        creates=(Step(CREATES["lost before"], SILENT_SECONDS),) * 9,
        looks=(Step(LOOKS["error that passes"], SILENT_SECONDS),) * 99,
    ),
    "slow-errors": Plan(creates=(Step(CREATES["500 not done"], SLOW_SECONDS),) * 9),
    "only-slow-errors": Plan(
        creates=(Step(CREATES["500 not done"], SLOW_SECONDS),) * 9,
        looks=(Step(LOOKS["error that passes"], SLOW_SECONDS),) * 99,
    ),
    "refusals": Plan(creates=(Step(CREATES["AssumeRoleFail"]),) * 9),
}


@dataclass
class Outage:
    """A queue of requests, one of them submitted twice, in an outage that never ends."""

    plan: Plan
    batch: int
    shape: Shape
    concurrency: int = 8
    cloud: Cloud = field(default_factory=Cloud)
    queue: list[Message] = field(default_factory=list)
    invocations: int = 0
    deliveries: int = 0
    faults: int = 0

    def __post_init__(self) -> None:
        for number in (*range(REQUESTS), 0):
            document = {**DOCUMENT, "requestId": f"REQ-{number}", "name": f"share-{number}"}
            message = Message(f"message-{len(self.queue)}", document)
            asked = (message.message_id, ProvisionRequest.of(document))
            story = self.cloud.stories.setdefault(f"REQ-{number}", Story(()))
            self.cloud.stories[f"REQ-{number}"] = replace(story, asked=(*story.asked, asked))
            self.queue.append(message)

    def last(self, misfortunes: Iterator[str], most_invocations: int) -> None:
        """Deliver batches until no message is left, each with a misfortune or, empty, none."""
        while self.queue and self.invocations < most_invocations:
            self._deliver(next(misfortunes))

    def _deliver(self, misfortune: str) -> None:
        batch, began = self.queue[: self.batch], self.invocations * BETWEEN_BEGINNINGS_SECONDS
        self.invocations, self.deliveries = self.invocations + 1, self.deliveries + len(batch)
        self.faults += bool(misfortune)
        killed = replace(self.plan, creates=(Step(CREATES["killed before"], 5.0),))
        plans = [killed if misfortune == "kill" and message is batch[-1] else self.plan for message in batch]
        invocation = Invocation(self.cloud, began, list(zip(batch, plans, strict=True)), self.concurrency, DEFERRALS)
        is_done = invocation.is_acknowledged("identical", AMPLE, self.shape) and misfortune != "acknowledgement lost"
        kept = self.queue[self.batch :]
        self.queue = [*kept, *self.cloud.sent_back] if is_done else [*kept, *batch, *self.cloud.sent_back]
        self.cloud.sent_back.clear()

    @property
    def most_messages(self) -> int:
        """Return the bound: every submission through its deferrals, and once more what each fault brings back."""
        submissions = REQUESTS + 1
        return submissions * (1 + DEFERRALS) + self.faults * DEFERRALS * min(self.batch, REQUESTS)


def chance(seed: int, share: float) -> Iterator[str]:
    random = Random(seed)
    while True:
        yield random.choice(("kill", "acknowledgement lost")) if random.random() < share else ""


@pytest.mark.parametrize("plan", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("batch", [1, 2, 5, 16])
@pytest.mark.parametrize(("seed", "share"), [(0, 0.0), (1, 0.2), (2, 0.5)])
def test_an_outage_multiplies_neither_messages_nor_calls(plan: Plan, batch: int, seed: int, share: float) -> None:
    """Every submission ends in a verdict, within the bound on messages and with its attempts for each delivery."""
    outage = Outage(plan, batch, as_shipped)
    outage.last(chance(seed, share), most_invocations=2000)
    assert outage.queue == []
    assert REQUESTS + 1 + outage.cloud.deferrals <= outage.most_messages
    assert outage.cloud.creates <= AMPLE.attempts * outage.deliveries
    assert {kind for story in outage.cloud.stories.values() for kind in story.ends({}).found} & set(VIOLATIONS) == set()


def test_raising_when_time_is_out_multiplies_messages() -> None:
    """What has no time left must be sent back by itself: raising brings all of its neighbours again."""
    outage = Outage(OUTAGES["silent"], 16, raising_when_time_is_out, concurrency=4)
    outage.last(chance(0, 0.0), most_invocations=40)
    assert REQUESTS + 1 + outage.cloud.deferrals > outage.most_messages
