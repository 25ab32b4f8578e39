"""The virtual time under the stateful test: real threads, one order, decided by how long things take."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from handler.model import Adoption, ProvisionRequest
from tests.system.model.composition import as_shipped
from tests.system.model.faults import CREATE_FAULTS, CreateFault, Killed
from tests.system.model.invariants import Statement, Story
from tests.system.model.invocation import Cloud, Invocation
from tests.system.model.plan import Message, Plan, Step
from tests.system.model.settings import DOCUMENT, REQUEST, TIMINGS
from tests.system.model.timeline import Timeline

ADOPTION: Adoption = "owned"
FAULTS = {fault.name: fault for fault in CREATE_FAULTS}


def invoked(cloud: Cloud, *creates: Step[CreateFault]) -> bool:
    """One message of a request of its own for each create, all for the same name, in one batch."""
    batch = []
    for number, create in enumerate(creates):
        document = {**DOCUMENT, "requestId": f"REQ-{number}"}
        cloud.stories[f"REQ-{number}"] = Story(((f"message-{number}", ProvisionRequest.of(document)),))
        batch.append((Message(f"message-{number}", document), Plan(creates=(create,))))
    return Invocation(cloud, 0.0, batch, len(batch)).is_acknowledged(ADOPTION, TIMINGS[0], as_shipped)


@pytest.mark.parametrize(("first", "second", "winner"), [(0.1, 0.2, "REQ-0"), (0.2, 0.1, "REQ-1"), (0.1, 0.1, "REQ-0")])
def test_first_create_call_gets_the_name(first: float, second: float, winner: str) -> None:
    """Virtual time decides, and then the place in the batch, however the threads are scheduled."""
    cloud = Cloud()
    assert invoked(cloud, Step(None, first), Step(None, second))
    made = cloud.account.named(REQUEST.name)
    assert made is not None
    assert made.maker == winner
    statuses = {request_id: {said.status for said in story.statements} for request_id, story in cloud.stories.items()}
    assert statuses == {"REQ-0": {"failed"}, "REQ-1": {"failed"}, winner: {"succeeded"}}


def test_kill_ends_every_message_of_the_batch() -> None:
    """Their outcomes are not published, and the batch is redelivered."""
    cloud = Cloud()
    assert not invoked(cloud, Step(FAULTS["killed after"], 2.0), Step(None, 1.0, 5.0))
    assert [story.statements for story in cloud.stories.values()] == [frozenset[Statement](), frozenset[Statement]()]
    assert cloud.account.named(REQUEST.name) is not None


def test_create_call_lands_after_its_caller_timed_out() -> None:
    """A create that takes effect after the caller's timeout is a late commit, which the second lookup shows."""
    cloud = Cloud()
    assert invoked(cloud, Step(None, 15.0), Step(FAULTS["limit reached"], 30.0))
    (said,) = cloud.stories["REQ-0"].statements
    assert said.status == "succeeded"


def test_timeline_wakes_one_thread_at_a_time_in_order() -> None:
    """The order is the same every time, though the threads are real."""
    timeline, order = Timeline(began=0.0, workers=3, tasks=3), list[tuple[float, int]]()

    def wait_twice(rank: int) -> None:
        for seconds in (1.0 + rank, 1.5):
            timeline.wait(seconds, rank)
            order.append((timeline.now, rank))
        timeline.finish()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(wait_twice, range(3)))
    assert order == [(1.0, 0), (2.0, 1), (2.5, 0), (3.0, 2), (3.5, 1), (4.5, 2)]


def test_no_thread_continues_after_a_kill() -> None:
    """This holds for a waiting thread and for one that starts to wait."""
    timeline = Timeline(began=0.0, workers=2, tasks=2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(timeline.wait, 1.0, 0)
        timeline.kill()
        with pytest.raises(Killed):
            waiting.result()
    with pytest.raises(Killed):
        timeline.wait(1.0, 1)
