"""Replays that are killed or interrupted at every step lose and duplicate nothing."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from express_sync.ops.outcomes.reader import read
from express_sync.ops.queues.client import Queue, queue
from handler.credentials import Credentials
from tests.ops.cli.replay_support import (
    QUICK_SECONDS,
    SignalAt,
    all_visible,
    bodies,
    failure,
    fill,
    run_with_signal,
    smq_proxy,
    with_quick_failures,
)
from tests.support.cli import CloudShell, cloud_shell
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
def queues(tmp_path: Path) -> Iterator[CloudShell]:
    """Run a local cloud without the function, with failures whose visibility timeout is short."""
    with cloud_shell(tmp_path, CloudOptions(with_function=False)) as running:
        with_quick_failures(running)
        fill(running, "failureQueue", [failure(number) for number in range(COUNT)])
        fill(running, "failureQueue", [failure(COUNT + number, "RoleNotExist", retryable=False) for number in range(3)])
        yield running


def requests_in(running: CloudShell, role: str) -> list[str]:
    """Return the requestIds in the queue with this role."""
    key = "data"
    found = [event[key].get("request", event[key])["requestId"] for event in bodies(running, role)]
    return [request_id for request_id in found if int(request_id[2:]) < COUNT]


def let_visibility_end(running: CloudShell) -> None:
    """Make the messages visible that a killed command had received."""
    running.advance_clock(QUICK_SECONDS)
    assert all_visible(running, "failureQueue")


def steps_of(signal_at: signal.Signals) -> list[object]:
    """Return a test parameter for each step of a replay."""
    place = {False: "before", True: "after"}
    return [
        pytest.param(SignalAt(operation, is_after, nth, signal_at), id=f"{place[is_after]} {operation} {nth}")
        for operation, nth, is_after in STEPS
    ]


@pytest.mark.parametrize("signal_at", [*steps_of(signal.SIGKILL), *steps_of(signal.SIGINT)])
def test_replay_killed_at_any_step_is_completed_by_a_second(signal_at: SignalAt, queues: CloudShell) -> None:
    """At any time each request is a failure or was sent; one that was sent twice has one id."""
    with smq_proxy(queues) as through:
        interrupted = run_with_signal(queues, through, signal_at, *COMMAND)
        assert interrupted.code == (-signal.SIGKILL if signal_at.by == signal.SIGKILL else 130), interrupted.err
        everywhere = {*requests_in(queues, "failureQueue"), *requests_in(queues, "requestQueue")}
        assert everywhere == {f"R-{number}" for number in range(COUNT)}
        let_visibility_end(queues)
        finished = run_with_signal(queues, through, None, *COMMAND)
    assert finished.code == 1, finished.err  # three of them are terminal, and stay
    assert requests_in(queues, "failureQueue") == []
    assert queues.messages("failureQueue") == 3
    sent = bodies(queues, "requestQueue")
    assert {event["data"]["requestId"] for event in sent} == {f"R-{number}" for number in range(COUNT)}
    assert len({event["replayid"] for event in sent}) == len({event["id"] for event in sent}) == COUNT


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["send", "delete"])
def test_interrupt_waits_until_sent_failures_are_deleted(step: str, is_after: bool, queues: CloudShell) -> None:
    """Ctrl-C causes no request to be sent twice."""
    with smq_proxy(queues) as through:
        run_with_signal(queues, through, SignalAt(step, is_after, 1, signal.SIGINT), *COMMAND)
    failures, sent = set(requests_in(queues, "failureQueue")), requests_in(queues, "requestQueue")
    assert (len(sent), len(failures)) == (16, COUNT - 16)
    assert failures.isdisjoint(sent)


def results(running: CloudShell) -> Queue:
    """Return the queue that receives every outcome."""
    ready = running.ready
    return queue(ready, "resultQueue", Credentials(ready["accessKeyId"], ready["accessKeySecret"]))


def verdicts(running: CloudShell, count: int) -> dict[tuple[str, str], str]:
    """Return the request of each outcome as soon as there are `count` outcomes."""
    found: dict[tuple[str, str], str] = {}

    def are_all_found() -> bool:
        outcomes = [read(message.body) for message in results(running).receive(20)]
        found.update((outcome.identity, outcome.subject) for outcome in outcomes if outcome)
        return len(found) >= count

    wait_for(are_all_found)
    return found


def test_random_kills_of_a_replay_lose_no_request(tmp_path: Path) -> None:
    """Each of 1,000 requests has one verdict and a group."""
    chance = random.Random(20261123)
    wanted = {f"R-{number}" for number in range(1000)}
    with cloud_shell(tmp_path, CloudOptions()) as running:
        with_quick_failures(running)
        fill(running, "failureQueue", [failure(number) for number in range(1000)])
        kills = 0
        with smq_proxy(running) as through:
            while running.messages("failureQueue"):
                operation, most = chance.choice([("receive", 20), ("send", 20), ("delete", 20)])
                signal_at = SignalAt(operation, chance.random() < 0.5, chance.randint(1, most))
                ended = run_with_signal(running, through, signal_at if kills < 8 else None, *COMMAND)
                kills += ended.code == -signal.SIGKILL
                assert ended.code in (0, -signal.SIGKILL), ended.err
                let_visibility_end(running)
        found = verdicts(running, 1000)
        groups = running.groups()
    assert kills >= 3
    assert (len(found), set(found.values())) == (1000, wanted)
    assert len(groups) == 1000


def test_message_redelivered_before_its_delete_is_deleted(queues: CloudShell) -> None:
    """Its receipt handle has expired, and it is not sent again."""
    queues.fault("mns", operation="BatchSendMessage", faults=["slow:2500"])
    queues.write_profile("quick")
    ended = queues.run(*COMMAND, "--profile", "quick")
    assert ended.code == 1
    assert sorted(requests_in(queues, "requestQueue")) == sorted(f"R-{number}" for number in range(COUNT))
    assert requests_in(queues, "failureQueue") == []
