"""A queue trigger over the real queue engine, with a fake clock and a fake function."""

import asyncio
import json
from itertools import repeat

import pytest

from express_sync.local.mns.engine.message import Message
from express_sync.local.trigger.queue_trigger import MAX_RECEIVED
from tests.local.queue_trigger_support import Bench
from tests.support.patience import PATIENCE_SECONDS


def names(bench: Bench) -> list[list[str]]:
    """Return the message bodies of each push."""
    return [[event["data"]["messageBody"] for event in push] for push in bench.pushed]


def is_empty(bench: Bench) -> bool:
    return not bench.states("source")


def test_message_is_deleted_after_the_function_succeeds() -> None:
    bench = Bench()
    seen: list[list[str]] = []
    bench.during_push = lambda: seen.append(bench.states("source"))
    [message_id] = bench.send("one")
    bench.run_until(is_empty)
    assert seen == [["inactive"]]
    assert bench.pushed[0][0]["id"] == message_id
    assert bench.queue_trigger.to_json()["acknowledged"] == 1


def test_full_window_is_pushed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One receive takes sixteen messages at most."""
    bench = Bench().with_trigger(batch_count=40, batch_seconds=15)
    pulls: list[int] = []
    receive = bench.service.queues.receive

    async def counting(queue: str, count: int = 1, wait_seconds: int | None = None) -> list[Message]:
        pulls.append(count)
        return await receive(queue, count, wait_seconds)

    monkeypatch.setattr(bench.service.queues, "receive", counting)
    bench.send(*map(str, range(40)))
    bench.run_until(lambda bench: len(bench.pushed) == 1)
    assert sorted(names(bench)[0], key=int) == [str(n) for n in range(40)]
    assert bench.slept == []
    assert max(pulls) == MAX_RECEIVED


def test_window_is_pushed_after_its_time() -> None:
    bench = Bench().with_trigger(batch_count=40, batch_seconds=5)
    bench.send("one")
    bench.run_until(is_empty)
    assert names(bench) == [["one"]]
    assert sum(bench.slept) == pytest.approx(5)


def test_messages_within_the_window_join_the_batch() -> None:
    bench = Bench().with_trigger(batch_count=2, batch_seconds=5)
    bench.send("early")

    async def late(bench: Bench) -> None:
        while not bench.slept:
            await asyncio.sleep(0)
        bench.send("late")
        while bench.states("source"):
            await asyncio.sleep(0)

    bench.run(late)
    assert names(bench) == [["early", "late"]]
    assert sum(bench.slept) < 5


def test_event_driven_pushes_each_message_under_its_id() -> None:
    bench = Bench().with_trigger(mode="event-driven", batch_count=40)
    ids = bench.send("one", "two")
    bench.run_until(is_empty)
    assert [event["id"] for event in bench.pushed] == bench.request_ids == ids


def test_failed_batch_is_pushed_again_unchanged() -> None:
    """The waits are the declared ones."""
    bench = Bench(results=iter([False, False, True]))
    bench.send("one", "two")
    bench.run_until(is_empty)
    assert bench.pushed[0] == bench.pushed[1] == bench.pushed[2]
    assert len(set(bench.request_ids)) == 3
    assert bench.slept == [15, 15]
    assert bench.bodies("dead") == []


def test_events_are_dead_lettered_after_the_last_retry() -> None:
    bench = Bench(results=repeat(False))
    bench.send("one", "two")
    bench.run_until(is_empty)
    assert len(bench.pushed) == 4
    assert [json.loads(body) for body in bench.bodies("dead")] == bench.pushed[0]
    assert bench.queue_trigger.to_json()["deadLettered"] == 2


def test_event_too_large_is_dead_lettered_as_its_body() -> None:
    bench = Bench(results=repeat(False))
    bench.send("x" * 65536)
    bench.run_until(is_empty)
    assert bench.bodies("dead") == ["x" * 65536]


def test_messages_are_discarded_without_a_dead_letter_queue() -> None:
    bench = Bench(results=repeat(False)).with_trigger(dead_letter_queue="")
    bench.send("one")
    bench.run_until(is_empty)
    assert bench.bodies("dead") == []
    assert bench.queue_trigger.to_json()["discarded"] == 1


def test_trigger_without_tolerance_is_blocked() -> None:
    """It does not delete its messages."""
    bench = Bench(results=repeat(False)).with_trigger(errors_tolerance="NONE")
    bench.send("one")
    bench.run_until(lambda bench: bench.queue_trigger.progress.state == "blocked")
    assert bench.states("source") == ["inactive"]
    assert bench.bodies("dead") == []
    assert len(bench.pushed) == 4


async def turns(number: int) -> None:
    """Let the loop run `count` times."""
    for _ in range(number):
        await asyncio.sleep(0)


def test_leased_messages_stay_invisible_during_retries() -> None:
    bench = Bench(results=iter([False, True]))
    bench.send("one")

    async def outlast(bench: Bench) -> list[str]:
        entered, released, renewals = asyncio.Event(), asyncio.Event(), asyncio.Queue[None]()

        async def sleep(seconds: float) -> None:
            if seconds == bench.visibility / 2:
                await renewals.get()
            else:
                entered.set()
                await released.wait()

        object.__setattr__(bench.queue_trigger._clock, "sleep", sleep)
        await entered.wait()
        states = []
        for _ in range(5):
            bench.now += bench.visibility / 2
            renewals.put_nowait(None)
            await turns(20)
            states += bench.states("source")
        released.set()
        while bench.states("source"):
            await asyncio.sleep(0)
        return states

    assert bench.run(outlast) == ["inactive"] * 5
    assert len(bench.pushed) == 2


def test_trigger_continues_after_its_messages_vanished() -> None:
    bench = Bench()
    bench.during_push = bench.service.reset
    bench.send("one")
    bench.run_until(lambda bench: bench.queue_trigger.to_json()["acknowledged"] == 1)
    bench.during_push = lambda: None
    bench.send("two")
    bench.run_until(lambda bench: len(bench.pushed) == 2)


def test_trigger_without_its_queue_has_failed() -> None:
    bench = Bench()
    bench.service.queues.delete_queue("source")
    bench.run_until(lambda bench: bench.queue_trigger.to_json()["state"] == "failed: QueueNotExist")


def test_declared_waits_are_multiplied_by_the_factor() -> None:
    bench = Bench(results=iter([False, True])).with_trigger(batch_seconds=10)
    object.__setattr__(bench.queue_trigger._clock, "factor", 0.5)
    bench.send("one")
    bench.run_until(is_empty)
    assert sum(bench.slept) == pytest.approx((10 + 15) * 0.5)


@pytest.mark.parametrize("steps", range(0, 60, 3))
def test_trigger_can_be_stopped_at_any_time(steps: int) -> None:
    bench = Bench(results=iter([False, True])).with_trigger(batch_seconds=1)
    bench.send("one", "two")

    async def stopped() -> bool:
        running = asyncio.create_task(bench.queue_trigger.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running}, timeout=PATIENCE_SECONDS)
        return running.cancelled()

    assert asyncio.run(stopped())
