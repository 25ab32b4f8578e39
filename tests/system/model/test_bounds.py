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
from tests.system.model.composition import Shape, as_shipped
from tests.system.model.faults import CREATE_FAULTS, LOOKUP_FAULTS
from tests.system.model.invariants import VIOLATIONS, Story
from tests.system.model.invocation import Cloud, Invocation
from tests.system.model.plan import Message, Plan, Step
from tests.system.model.settings import AMPLE, DOCUMENT

REQUESTS, DEFERRALS = 16, 6
BETWEEN_BEGINNINGS_SECONDS = 180.0  # longer than an invocation lasts
CREATES = {fault.name: fault for fault in CREATE_FAULTS}
LOOKUPS = {fault.name: fault for fault in LOOKUP_FAULTS}
SILENT_SECONDS, SLOW_SECONDS = 60.0, 9.8  # longer than a call may take, and almost as long
OUTAGES = {
    "creates-silent": Plan(creates=(Step(CREATES["lost before"], SILENT_SECONDS),) * 9),
    "silent": Plan(
        creates=(Step(CREATES["lost before"], SILENT_SECONDS),) * 9,
        lookups=(Step(LOOKUPS["error that passes"], SILENT_SECONDS),) * 99,
    ),
    "slow-errors": Plan(creates=(Step(CREATES["500 not done"], SLOW_SECONDS),) * 9),
    "only-slow-errors": Plan(
        creates=(Step(CREATES["500 not done"], SLOW_SECONDS),) * 9,
        lookups=(Step(LOOKUPS["error that passes"], SLOW_SECONDS),) * 99,
    ),
    "refusals": Plan(creates=(Step(CREATES["AssumeRoleFail"]),) * 9),
}


@dataclass
class Outage:
    """A queue of requests, one of them submitted twice, in a permanent outage."""

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

    def run(self, disturbances: Iterator[str], max_invocations: int) -> None:
        """Deliver batches until no message is left, each with a disturbance or, empty, none."""
        while self.queue and self.invocations < max_invocations:
            self._deliver(next(disturbances))

    def _deliver(self, disturbance: str) -> None:
        batch, began = self.queue[: self.batch], self.invocations * BETWEEN_BEGINNINGS_SECONDS
        self.invocations, self.deliveries = self.invocations + 1, self.deliveries + len(batch)
        self.faults += bool(disturbance)
        killed = replace(self.plan, creates=(Step(CREATES["killed before"], 5.0),))
        plans = [killed if disturbance == "kill" and message is batch[-1] else self.plan for message in batch]
        invocation = Invocation(self.cloud, began, list(zip(batch, plans, strict=True)), self.concurrency, DEFERRALS)
        is_done = invocation.is_acknowledged("identical", AMPLE, self.shape) and disturbance != "acknowledgement lost"
        kept = self.queue[self.batch :]
        self.queue = [*kept, *self.cloud.requeued] if is_done else [*kept, *batch, *self.cloud.requeued]
        self.cloud.requeued.clear()

    @property
    def max_messages(self) -> int:
        """Return the bound: each submission with its deferrals, and again the requests that each fault redelivers."""
        submissions = REQUESTS + 1
        return submissions * (1 + DEFERRALS) + self.faults * DEFERRALS * min(self.batch, REQUESTS)


def chance(seed: int, share: float) -> Iterator[str]:
    random = Random(seed)
    while True:
        yield random.choice(("kill", "acknowledgement lost")) if random.random() < share else ""


@pytest.mark.parametrize("plan", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("batch", [1, 2, 5, 16])
@pytest.mark.parametrize(("seed", "share"), [(0, 0.0), (1, 0.2), (2, 0.5)])
def test_outage_multiplies_neither_messages_nor_calls(plan: Plan, batch: int, seed: int, share: float) -> None:
    """Every submission ends in a verdict, within the bound on messages and with its attempts for each delivery."""
    outage = Outage(plan, batch, as_shipped)
    outage.run(chance(seed, share), max_invocations=2000)
    assert outage.queue == []
    assert REQUESTS + 1 + outage.cloud.deferrals <= outage.max_messages
    assert outage.cloud.creates <= AMPLE.attempts * outage.deliveries
    assert {kind for story in outage.cloud.stories.values() for kind in story.closed({}).found} & set(
        VIOLATIONS
    ) == set()


def test_raising_when_time_is_out_multiplies_messages() -> None:
    """A request without time left must be requeued alone: raising redelivers the whole batch.

    Four at once, because eight at once have enough time for a batch of sixteen, so that none of them raises.
    """
    outage = Outage(OUTAGES["silent"], 16, raising_when_time_is_out, concurrency=4)
    outage.run(chance(0, 0.0), max_invocations=40)
    assert REQUESTS + 1 + outage.cloud.deferrals > outage.max_messages
