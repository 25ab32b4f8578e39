"""A replay killed or interrupted at every step: failures, requests and verdicts always add up."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from express_sync.ops.outcomes.reader import read
from express_sync.ops.queues.client import Queue, queue
from handler.credentials import Credentials
from tests.ops.cli.cli_support import Stand, stand
from tests.ops.cli.replay_support import (
    QUICK_SECONDS,
    Strike,
    all_visible,
    bodies,
    failure,
    fill,
    gate,
    run_struck,
    with_quick_failures,
    write_profile,
)
from tests.support.patience import wait_for

COUNT = 40
STEPS = [
    (operation, nth, is_after)
    for operation, times in (("receive", (1, 2)), ("send", (1, 2)), ("delete", (1, 3)), ("give-back", (2,)))
    for nth in times
    for is_after in (False, True)
]
COMMAND = ("replay", "--yes", "--rate", "100000", "--json")


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Stand]:
    """No function, and failures that come back soon after their reader has died."""
    with stand(tmp_path, CloudOptions(with_function=False)) as running:
        with_quick_failures(running)
        fill(running, "failureQueue", [failure(number) for number in range(COUNT)])
        fill(running, "failureQueue", [failure(COUNT + number, "RoleNotExist", retryable=False) for number in range(3)])
        yield running


def requests_in(running: Stand, role: str) -> list[str]:
    """The requestIds in the queue of this role."""
    key = "data"
    found = [event[key].get("request", event[key])["requestId"] for event in bodies(running, role)]
    return [request_id for request_id in found if int(request_id[2:]) < COUNT]


def let_visibility_end(running: Stand) -> None:
    """So that what the killed reader held can be had again."""
    running.let_pass(QUICK_SECONDS)
    assert all_visible(running, "failureQueue")


def steps_of(strike: signal.Signals) -> list[object]:
    """A test parameter for each step of a replay."""
    place = {False: "before", True: "after"}
    return [
        pytest.param(Strike(operation, is_after, nth, strike), id=f"{place[is_after]} {operation} {nth}")
        for operation, nth, is_after in STEPS
    ]


@pytest.mark.parametrize("strike", [*steps_of(signal.SIGKILL), *steps_of(signal.SIGINT)])
def test_wherever_it_is_struck_nothing_is_lost_and_a_second_run_finishes(strike: Strike, queues: Stand) -> None:
    """Every request is a failure or was sent, at any time; in the end all were sent, twice only under the same id."""
    with gate(queues) as through:
        struck = run_struck(queues, through, strike, *COMMAND)
        assert struck.code == (-signal.SIGKILL if strike.by == signal.SIGKILL else 130), struck.err
        everywhere = {*requests_in(queues, "failureQueue"), *requests_in(queues, "requestQueue")}
        assert everywhere == {f"R-{number}" for number in range(COUNT)}
        let_visibility_end(queues)
        finished = run_struck(queues, through, None, *COMMAND)
    assert finished.code == 1, finished.err  # three of them are terminal, and stay
    assert requests_in(queues, "failureQueue") == []
    assert queues.messages("failureQueue") == 3
    sent = bodies(queues, "requestQueue")
    assert {event["data"]["requestId"] for event in sent} == {f"R-{number}" for number in range(COUNT)}
    assert len({event["replayid"] for event in sent}) == len({event["id"] for event in sent}) == COUNT


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["send", "delete"])
def test_an_interrupt_never_cuts_sending_from_deleting(step: str, is_after: bool, queues: Stand) -> None:
    """Ctrl-C waits until what was sent is deleted: nothing goes twice."""
    with gate(queues) as through:
        run_struck(queues, through, Strike(step, is_after, 1, signal.SIGINT), *COMMAND)
    failures, sent = set(requests_in(queues, "failureQueue")), requests_in(queues, "requestQueue")
    assert (len(sent), len(failures)) == (16, COUNT - 16)
    assert failures.isdisjoint(sent)


def results(running: Stand) -> Queue:
    """The queue that every outcome reaches."""
    ready = running.ready
    return queue(ready, "resultQueue", Credentials(ready["accessKeyId"], ready["accessKeySecret"]))


def verdicts(running: Stand, count: int) -> dict[tuple[str, str], str]:
    """The status of each verdict, as soon as there are `count`, and of all that come with them."""
    found: dict[tuple[str, str], str] = {}

    def are_all_found() -> bool:
        outcomes = [read(message.body) for message in results(running).receive(20)]
        found.update((outcome.identity, outcome.subject) for outcome in outcomes if outcome)
        return len(found) >= count

    wait_for(are_all_found)
    return found


def test_a_thousand_failures_replayed_with_kills_at_random_end_in_a_thousand_verdicts(tmp_path: Path) -> None:
    """Struck at random calls until a run comes through; each request has one verdict, and its group."""
    chance = random.Random(20261123)
    wanted = {f"R-{number}" for number in range(1000)}
    with stand(tmp_path, CloudOptions()) as running:
        with_quick_failures(running)
        fill(running, "failureQueue", [failure(number) for number in range(1000)])
        kills = 0
        with gate(running) as through:
            while running.messages("failureQueue"):
                operation, most = chance.choice([("receive", 20), ("send", 20), ("delete", 20)])
                strike = Strike(operation, chance.random() < 0.5, chance.randint(1, most))
                ended = run_struck(running, through, strike if kills < 8 else None, *COMMAND)
                kills += ended.code == -signal.SIGKILL
                assert ended.code in (0, -signal.SIGKILL), ended.err
                let_visibility_end(running)
        found = verdicts(running, 1000)
        groups = running.groups()
    assert kills >= 3
    assert (len(found), set(found.values())) == (1000, wanted)
    assert len(groups) == 1000


def test_a_message_that_comes_back_before_it_is_deleted_is_deleted_after_all(queues: Stand) -> None:
    """Sending took longer than the visibility timeout: the handle is dead, the message is not sent again."""
    queues.fault("mns", operation="BatchSendMessage", faults=["slow:2500"])
    write_profile(queues, "quick")
    ended = queues.run(*COMMAND, "--profile", "quick")
    assert ended.code == 1
    assert sorted(requests_in(queues, "requestQueue")) == sorted(f"R-{number}" for number in range(COUNT))
    assert requests_in(queues, "failureQueue") == []
