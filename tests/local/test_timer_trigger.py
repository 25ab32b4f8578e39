"""Timers: with a fake clock and function, and in a whole local cloud."""

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
from tests.local.fc_signer import JSON_BODY, send
from tests.local.fc_support import cloud_of, fc_port, local_get, local_post, until
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.processes import wait_until_dead

TIMER = Timer("sweep", "sample", 300, "tidy 扫", enabled=True)
NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z


@dataclass
class TimerBench:
    """A timer whose waits end at once and whose invocations last until `let_end` is set."""

    timer: Timer = TIMER
    factor: float = 0.5
    slept: list[float] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.let_end = asyncio.Event()
        clock = ScaledClock(factor=self.factor, sleep=self._sleep, now=lambda: NOON)
        self.timer_trigger = TimerTrigger(self.timer, self._accept, clock)

    async def run_until(self, condition: Callable[[], bool]) -> None:
        """Run the timer until `condition` is true."""
        running = asyncio.create_task(self.timer_trigger.run())
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


def test_timer_sends_its_documented_event_at_every_interval() -> None:
    """Exactly the bytes of the documented sample; each wait is the interval times the factor."""

    async def scene() -> TimerBench:
        bench = TimerBench()
        bench.let_end.set()
        await bench.run_until(lambda: len(bench.events) >= 3)
        return bench

    bench = asyncio.run(scene())
    assert set(bench.slept) == {150.0}
    expected = '{"triggerTime":"2026-11-23T12:00:00Z","triggerName":"sweep","payload":"tidy 扫"}'
    assert set(bench.events) == {expected.encode()}


def test_timer_waits_for_the_end_of_its_last_run() -> None:
    """Otherwise scaled waits would accumulate runs that are not scaled."""

    async def scene() -> tuple[int, Any, int]:
        bench = TimerBench()
        await bench.run_until(lambda: len(bench.slept) == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        while_busy, state = len(bench.events), bench.timer_trigger.to_json()
        bench.let_end.set()
        await bench.run_until(lambda: len(bench.events) > 1)
        return while_busy, state, len(bench.events)

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
    "bench", [TimerBench(replace(TIMER, enabled=False)), TimerBench(factor=0.0)], ids=["switched off", "factor zero"]
)
def test_disabled_timer_fires_only_on_request(bench: TimerBench) -> None:
    async def scene() -> None:
        bench.let_end.set()
        await bench.timer_trigger.run()
        assert bench.timer_trigger.to_json()["state"] == "disabled"
        assert bench.timer_trigger.fire() == "request-1"

    asyncio.run(scene())
    assert (bench.slept, len(bench.events)) == ([], 1)


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


def test_timer_of_the_template_stops_with_the_cloud(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=SWEEP.replace("ENABLED", "true")) as running:
        wait_for(lambda: len(said(running, "event")) >= 3)
        [timer] = local_get(running, "/_local/trigger")
        assert (timer["name"], timer["everySeconds"]) == ("sweep", 10)
        assert timer["fired"] >= 3
        assert local_get(running, "/_local/state")["timers"][0]["name"] == "sweep"
        workers = {int(pid) for pid in said(running, "worker")}
    wait_until_dead(*workers)


def test_timer_can_be_fired_over_the_admin_api(tmp_path: Path) -> None:
    """A disabled one, too; the response has the request id of the invocation."""
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


def test_successful_timer_runs_hide_no_other_invocation(tmp_path: Path) -> None:
    """The console shows only the latest of them, and none pushes others out of the log."""
    with cloud_of(tmp_path, SOURCE, more=SWEEP.replace("ENABLED", "false")) as running:
        runtime = running.cloud._runtime
        assert runtime is not None
        log, done = runtime.pool.invocation_log, InvocationResult("succeeded", b"")
        log.end(log.begin("called", "Sync"), done)
        for number in range(2 * MAX_INVOCATIONS):
            log.end(log.begin(f"quiet-{number}", "Timer"), done)
        log.end(log.begin("failed", "Timer"), InvocationResult("exited", b""))
        log.end(log.begin("pushed", "Trigger"), done)
        shown = local_get(running, "/_local/state")["invocations"]
    ids = [entry["requestId"] for entry in shown]
    assert sorted(ids) == ["called", "failed", "pushed", f"quiet-{2 * MAX_INVOCATIONS - 1}"]


def test_failed_timer_run_is_retried_as_asynchronous(tmp_path: Path) -> None:
    failing = SOURCE.replace("FAILS = False", "FAILS = True")
    with cloud_of(tmp_path, failing, more=SWEEP.replace("ENABLED", "false")) as running:
        local_post(running, "/_local/timer", {"name": "sweep"})
        wait_for(lambda: ended(running) == ["failed", "succeeded"])
        first, again = said(running, "event")
        assert first == again


@pytest.mark.parametrize(
    ("wish", "status"), [(b'{"name": "nightly"}', 404), (b"{}", 400), (b"[]", 400), (b"{", 400), (b"", 400)]
)
def test_unknown_timer_cannot_be_fired(tmp_path: Path, wish: bytes, status: int) -> None:
    with cloud_of(tmp_path, SOURCE, more=SWEEP.replace("ENABLED", "false")) as running:
        response = send(fc_port(running), "/_local/timer", JSON_BODY, wish)
        assert response.status == status
        assert ended(running) == []
