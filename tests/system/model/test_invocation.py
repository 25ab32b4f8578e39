"""The virtual time under the stateful test: real threads, one order, decided by how long things take."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from handler.model import Adoption, ProvisionRequest
from tests.system.model.delivery import as_shipped
from tests.system.model.faults import CREATE_FAULTS, CreateFault, Killed
from tests.system.model.invocation import Cloud, Invocation
from tests.system.model.plan import Message, Plan, Step
from tests.system.model.settings import DOCUMENT, REQUEST, TIMINGS
from tests.system.model.timeline import Timeline
from tests.system.model.truth import Said, Story

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
def test_who_is_there_first_gets_the_name(first: float, second: float, winner: str) -> None:
    """However the threads are scheduled: time decides, then the place in the batch."""
    cloud = Cloud()
    assert invoked(cloud, Step(None, first), Step(None, second))
    made = cloud.account.named(REQUEST.name)
    assert made is not None
    assert made.maker == winner
    statuses = {request_id: {said.status for said in story.said} for request_id, story in cloud.stories.items()}
    assert statuses == {"REQ-0": {"failed"}, "REQ-1": {"failed"}, winner: {"succeeded"}}


def test_a_kill_takes_the_neighbours_along() -> None:
    """What they have not announced by then is not announced, and the batch comes back."""
    cloud = Cloud()
    assert not invoked(cloud, Step(FAULTS["killed after"], 2.0), Step(None, 1.0, 5.0))
    assert [story.said for story in cloud.stories.values()] == [frozenset[Said](), frozenset[Said]()]
    assert cloud.account.named(REQUEST.name) is not None


def test_what_the_caller_did_not_wait_for_lands_later() -> None:
    """A create that takes effect after the caller's patience is a late commit, found by the second look."""
    cloud = Cloud()
    assert invoked(cloud, Step(None, 15.0), Step(FAULTS["limit reached"], 30.0))
    (said,) = cloud.stories["REQ-0"].said
    assert said.status == "succeeded"


def test_time_moves_to_the_earliest_and_wakes_one_thread_at_a_time() -> None:
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


def test_after_a_kill_nobody_goes_on() -> None:
    """Neither who waits nor who would begin to wait."""
    timeline = Timeline(began=0.0, workers=2, tasks=2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(timeline.wait, 1.0, 0)
        timeline.kill()
        with pytest.raises(Killed):
            waiting.result()
    with pytest.raises(Killed):
        timeline.wait(1.0, 1)
