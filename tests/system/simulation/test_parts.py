"""The parts of the simulation: virtual time, queues, the listener, the promises."""

import random
from collections import Counter
from dataclasses import replace
from math import inf

import pytest

from express_sync.local.template import deployment
from handler.model import ProvisionRequest
from tests.system.model.faults import Killed
from tests.system.simulation.cloud import Api, Process
from tests.system.simulation.day import Figures, settings
from tests.system.simulation.listener import Listener
from tests.system.simulation.outages import ARRIVALS, HOUR, KINDS, Fault, Scenario
from tests.system.simulation.promises import broken
from tests.system.simulation.queues import Queue
from tests.system.simulation.virtual_time import VirtualPool, VirtualTime

REQUEST = ProvisionRequest("REQ-1", "share", "team-bucket", "cn-hangzhou")


def test_threads_run_in_the_order_of_their_instants() -> None:
    time, seen = VirtualTime(), list[tuple[str, float]]()

    def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            time.sleep(nap)
            seen.append((name, time.now))

    time.run(lambda: sleeper("a", 5.0, 1.0), lambda: sleeper("b", 2.0, 3.0))
    assert seen == [("b", 2.0), ("a", 5.0), ("b", 5.0), ("a", 6.0)]


def test_an_error_in_a_thread_ends_the_run() -> None:
    time = VirtualTime()

    def fail() -> None:
        time.sleep(1.0)
        raise LookupError

    with pytest.raises(LookupError):
        time.run(fail, lambda: time.sleep(100.0))
    assert time.now == 1.0


def test_a_pool_works_side_by_side_and_keeps_the_order() -> None:
    time, results = VirtualTime(), list[float]()

    def work(seconds: float) -> float:
        time.sleep(seconds)
        return time.now

    time.run(lambda: results.extend(VirtualPool(time, 2).map(work, [3.0, 1.0, 1.0])))
    assert results == [3.0, 1.0, 2.0]


def test_a_killed_process_dies_at_once_with_its_threads() -> None:
    time, died = VirtualTime(), list[float]()

    def run() -> None:
        process = Process(time, random.Random(1), 120.0, kill=lambda sent_back: sent_back == 1)

        def work(seconds: float) -> None:
            try:
                process.sleep(seconds)
                process.has_sent_back()
                process.sleep(1.0)
            except Killed:
                died.append(time.now)

        VirtualPool(time, 2).map(work, [5.0, 100.0])

    time.run(run)
    assert died == [5.0, 5.0]


def test_a_process_dies_at_the_functions_timeout() -> None:
    time = VirtualTime()
    process = Process(time, random.Random(1), 120.0, kill=lambda _: False)
    with pytest.raises(Killed):
        time.run(lambda: process.sleep(500.0))
    assert time.now == 120.0


def queue(time: VirtualTime, dead_letters: Queue | None = None) -> Queue:
    policy = deployment.DeadLetters("dead", 2) if dead_letters else None
    return Queue(deployment.Queue("queue", 0, 65536, 1000, 30, 10, False, policy), time, dead_letters)


def test_retention_runs_while_a_message_is_delayed() -> None:
    time = VirtualTime()
    requests = queue(time)

    def wait() -> None:
        requests.send("kept", 999)
        requests.send("lost", 1000)
        time.sleep(999.0)
        assert [each.body for each in requests.receive(16)] == ["kept"]
        time.sleep(1.0)
        assert requests.receive(16) == []

    time.run(wait)
    assert requests.expired == 2


def test_a_message_received_too_often_becomes_a_dead_letter() -> None:
    time = VirtualTime()
    dead_letters = queue(time)
    requests = queue(time, dead_letters)
    requests.send("body")

    def receive() -> None:
        for _ in range(3):
            requests.receive(16, hidden_seconds=30)
            time.sleep(30.0)

    time.run(receive)
    assert (requests.messages, [each.body for each in dead_letters.messages.values()]) == ({}, ["body"])


def test_a_handle_is_good_for_one_reception() -> None:
    time = VirtualTime()
    requests = queue(time)
    requests.send("body")
    [message] = requests.receive(16)
    first = message.handle
    second = requests.hide(message, inf)
    assert (requests.held(first), requests.held(second)) == (None, message)


def event(status: str, sequence: str, **data: object) -> dict[str, object]:
    return {"sequence": sequence, "data": {"status": status, "submissionId": "M-1", **data}}


def listener() -> Listener:
    found = Listener(Api(VirtualTime(), random.Random(1), lambda: None))
    found.expect("M-1", REQUEST)
    return found


def test_the_greatest_sequence_holds_in_any_order() -> None:
    hearing = listener()
    hearing.hear(event("indeterminate", "0003-2"))
    hearing.hear(event("deferred", "0002-0"))
    assert hearing.outcomes() == {"indeterminate": 1}


def test_a_success_without_the_group_is_untrue() -> None:
    hearing = listener()
    hearing.hear(event("succeeded", "9999-3", expressSyncId="sync-1"))
    assert (hearing.untrue, hearing.untrue_in_the_end()) == (1, 1)


def test_a_failure_while_a_call_may_land_is_untrue() -> None:
    hearing = listener()
    hearing.api.in_flight.append((10.0, REQUEST))
    hearing.hear(event("failed", "0000-1"))
    assert (hearing.untrue, hearing.untrue_in_the_end()) == (1, 0)


def test_a_failure_of_a_group_that_is_there_is_untrue() -> None:
    hearing = listener()
    hearing.hear(event("failed", "0000-1"))
    hearing.api.account.create(REQUEST)
    assert (hearing.untrue, hearing.untrue_in_the_end()) == (0, 1)


KEPT = Figures(
    submissions=16,
    messages=16 * 19 + 8 * 18,
    creates=50,
    describes=0,
    invocations=1,
    deliveries=10,
    billed_seconds=1.0,
    raised=0,
    killed=1,
    hit=8,
    dead_letters=0,
    outcomes=Counter(succeeded=16),
    after_seconds=1.0,
    lost=0,
    untrue=0,
)


@pytest.mark.parametrize(
    ("figures", "problems"),
    [
        (KEPT, []),
        (replace(KEPT, messages=16 * 19 + 8 * 18 + 1), ["449 messages"]),
        (replace(KEPT, creates=51), ["51 create calls"]),
        (replace(KEPT, raised=1), ["1 invocations raised"]),
        (replace(KEPT, lost=1), ["1 messages or submissions lost"]),
        (replace(KEPT, untrue=1), ["1 untrue outcomes"]),
        (replace(KEPT, outcomes=Counter(succeeded=15, failed=1)), ["not all succeeded"]),
    ],
)
def test_each_broken_promise_is_named(figures: Figures, problems: list[str]) -> None:
    scenario = Scenario(ARRIVALS[0], KINDS[0], HOUR, Fault.KILL)
    assert broken(scenario, figures, settings()) == problems
