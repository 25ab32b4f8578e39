"""Timers: alone with a pretended clock and function, and in a whole local cloud."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.cloud import RunningCloud
from express_sync.local.fc.invocation_log import MAX_INVOCATIONS
from express_sync.local.fc.result import InvocationResult
from express_sync.local.template.timers import Timer
from express_sync.local.trigger.queue_trigger import ScaledClock
from express_sync.local.trigger.timer import TimerTrigger
from tests.local.fc_signer import send
from tests.local.fc_support import cloud_of, fc_port, local_get, local_post, until, wait_until_dead
from tests.support.patience import PATIENCE_SECONDS, wait_for

TIMER = Timer("sweep", "sample", 300, "tidy 扫", enabled=True)
NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z


@dataclass
class Tower:
    """A clockwork whose waits pass at once and whose invocations last until `let_end` is set."""

    timer: Timer = TIMER
    factor: float = 0.5
    slept: list[float] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.let_end = asyncio.Event()
        pace = ScaledClock(factor=self.factor, sleep=self._sleep, now=lambda: NOON)
        self.clockwork = TimerTrigger(self.timer, self._accept, pace)

    async def run_until(self, condition: Callable[[], bool]) -> None:
        """Run the clockwork until the condition holds."""
        running = asyncio.create_task(self.clockwork.run())
        await asyncio.wait_for(until(condition), PATIENCE_SECONDS)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def _accept(self, event: bytes) -> tuple[str, "asyncio.Task[None]"]:
        self.events.append(event)
        return f"request-{len(self.events)}", asyncio.create_task(self._work())

    async def _work(self) -> None:
        await self.let_end.wait()


def test_a_timer_hands_over_its_documented_event_at_every_beat() -> None:
    """Exactly the bytes of the documented sample's shape; each wait is the interval times the factor."""

    async def scene() -> Tower:
        tower = Tower()
        tower.let_end.set()
        await tower.run_until(lambda: len(tower.events) >= 3)
        return tower

    tower = asyncio.run(scene())
    assert set(tower.slept) == {150.0}
    expected = '{"triggerTime":"2026-11-23T12:00:00Z","triggerName":"sweep","payload":"tidy 扫"}'
    assert set(tower.events) == {expected.encode()}


def test_a_timer_waits_for_the_end_of_its_last_run() -> None:
    """Else shortened waits would pile up runs that are not shortened."""

    async def scene() -> tuple[int, Any, int]:
        tower = Tower()
        await tower.run_until(lambda: len(tower.slept) == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        while_busy, state = len(tower.events), tower.clockwork.to_json()
        tower.let_end.set()
        await tower.run_until(lambda: len(tower.events) > 1)
        return while_busy, state, len(tower.events)

    while_busy, state, afterwards = asyncio.run(scene())
    assert while_busy == 1
    assert state == {
        "name": "sweep",
        "type": "timer",
        "everySeconds": 300,
        "localSeconds": 150.0,
        "state": "running",
        "fired": 1,
    }
    assert afterwards > 1


@pytest.mark.parametrize(
    "tower", [Tower(replace(TIMER, enabled=False)), Tower(factor=0.0)], ids=["switched off", "no time between beats"]
)
def test_a_timer_without_beats_fires_only_by_hand(tower: Tower) -> None:
    async def scene() -> None:
        tower.let_end.set()
        await tower.clockwork.run()
        assert tower.clockwork.to_json()["state"] == "disabled"
        assert tower.clockwork.fire() == "request-1"

    asyncio.run(scene())
    assert (tower.slept, len(tower.events)) == ([], 1)


SWEEP = """
  Sweep:
    Type: ALIYUN::FC3::Trigger
    Properties:
      FunctionName: !Ref Function
      TriggerName: sweep
      TriggerType: timer
      TriggerConfig: {enable: ENABLED, cronExpression: '@every 10s', payload: '{"control":1}'}
"""
SOURCE = """
    import os

    FAILS = False

    def handle(event, context):
        print("worker", os.getpid())
        print("event", event.decode())
        if FAILS and context.retry_count is None:
            raise ValueError("once")
"""


def said(running: RunningCloud, word: str) -> list[str]:
    lines = [line["line"] for line in local_get(running, "/_local/logs")]
    return [line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")]


def ended(running: RunningCloud) -> list[str]:
    entries = local_get(running, "/_local/invocations")
    return [entry["outcome"] for entry in entries if entry["outcome"] != "running"]


def test_a_timer_of_the_template_fires_by_itself_and_stops_with_the_cloud(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=SWEEP.replace("ENABLED", "true")) as running:
        wait_for(lambda: len(said(running, "event")) >= 3)
        [timer] = local_get(running, "/_local/trigger")
        assert (timer["name"], timer["everySeconds"]) == ("sweep", 10)
        assert timer["fired"] >= 3
        assert local_get(running, "/_local/state")["timers"][0]["name"] == "sweep"
        workers = {int(pid) for pid in said(running, "worker")}
    wait_until_dead(workers)


def test_a_timer_is_fired_by_hand(tmp_path: Path) -> None:
    """Also one that is switched off; the answer names the invocation."""
    with cloud_of(tmp_path, SOURCE, more=SWEEP.replace("ENABLED", "false")) as running:
        fired = local_post(running, "/_local/timer", {"name": "sweep"})
        assert fired["fired"] == "sweep"
        wait_for(lambda: ended(running) == ["succeeded"])
        [entry] = local_get(running, "/_local/invocations")
        assert (entry["requestId"], entry["type"]) == (fired["requestId"], "Timer")
        [event] = said(running, "event")
        assert {**json.loads(event), "triggerTime": ""} == {
            "triggerTime": "",
            "triggerName": "sweep",
            "payload": '{"control":1}',
        }


def test_quiet_runs_of_a_timer_hide_no_other_invocation(tmp_path: Path) -> None:
    """The console shows the latest of them alone, and none pushes others out of the journal."""
    with cloud_of(tmp_path, SOURCE, more=SWEEP.replace("ENABLED", "false")) as running:
        runtime = running.cloud._runtime
        assert runtime is not None
        journal, done = runtime.fleet.invocation_log, InvocationResult("succeeded", b"")
        journal.end(journal.begin("called", "Sync"), done)
        for number in range(2 * MAX_INVOCATIONS):
            journal.end(journal.begin(f"quiet-{number}", "Timer"), done)
        journal.end(journal.begin("failed", "Timer"), InvocationResult("exited", b""))
        journal.end(journal.begin("pushed", "Trigger"), done)
        shown = local_get(running, "/_local/state")["invocations"]
    ids = [entry["requestId"] for entry in shown]
    assert sorted(ids) == ["called", "failed", "pushed", f"quiet-{2 * MAX_INVOCATIONS - 1}"]


def test_a_run_that_fails_is_tried_again_as_an_asynchronous_one_is(tmp_path: Path) -> None:
    failing = SOURCE.replace("FAILS = False", "FAILS = True")
    with cloud_of(tmp_path, failing, more=SWEEP.replace("ENABLED", "false")) as running:
        local_post(running, "/_local/timer", {"name": "sweep"})
        wait_for(lambda: ended(running) == ["failed", "succeeded"])
        first, again = said(running, "event")
        assert first == again


@pytest.mark.parametrize(
    ("wish", "status"), [(b'{"name": "nightly"}', 404), (b"{}", 400), (b"[]", 400), (b"{", 400), (b"", 400)]
)
def test_a_timer_that_is_not_there_cannot_be_fired(tmp_path: Path, wish: bytes, status: int) -> None:
    with cloud_of(tmp_path, SOURCE, more=SWEEP.replace("ENABLED", "false")) as running:
        answer = send(fc_port(running), "/_local/timer", {}, wish)
        assert answer.status == status
        assert ended(running) == []
