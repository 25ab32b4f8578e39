"""Instances as processes: reused, added, timed out, killed, and always ended."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from express_sync.local.crash_points import POINTS, CrashPoints
from express_sync.local.fc.instance_pool import InstancePool
from express_sync.local.fc.kill_switch import KillSwitch
from express_sync.local.fc.result import InvocationResult, Outcome
from tests.local.fc_support import Sample, until
from tests.support.checkout import ROOT
from tests.support.processes import alive, wait_until_dead

PID = "import os\ndef handle(event, context):\n    return str(os.getpid())\n"
TIMEOUT_SECONDS = 5  # long enough for any machine to begin a call and to end a quick one
STUCK = """
    import time

    def handle(event, context):
        print("busy")
        while True:
            time.sleep(1)
"""


def said(pool: InstancePool, text: str) -> Callable[[], bool]:
    """Tell whether the function has logged `text`."""
    return lambda: any(text in line["line"] for line in pool.logs.recent())


def test_idle_instance_is_reused(tmp_path: Path) -> None:
    async def thrice(pool: InstancePool) -> set[bytes]:
        return {(await pool.invoke(b"", str(n), "Sync")).body for n in range(3)}

    assert len(Sample(tmp_path).write(PID).run(thrice)) == 1


def test_concurrent_invocations_get_instances_up_to_the_limit(tmp_path: Path) -> None:
    source = """
        import os, pathlib, time

        def handle(event, context):
            pathlib.Path(event.decode()).touch()
            while len(list(pathlib.Path(event.decode()).parent.glob("met-*"))) < 2:
                time.sleep(0.01)
            return str(os.getpid())
    """

    async def at_once(pool: InstancePool) -> list[bytes]:
        calls = [pool.invoke(str(tmp_path / f"met-{n}").encode(), str(n), "Sync") for n in range(5)]
        return [result.body for result in await asyncio.gather(*calls)]

    pids = Sample(tmp_path, limit=2).write(source).run(at_once)
    assert (len(pids), len(set(pids))) == (5, 2)


def test_timeout_ends_the_instance_and_logs_its_stacks(tmp_path: Path) -> None:
    async def timed(pool: InstancePool) -> tuple[InvocationResult, InvocationResult]:
        stuck = await pool.invoke(b"", "one", "Sync")
        return stuck, await pool.invoke(b"pid", "two", "Sync")

    source = """
        import time

        def handle(event, context):
            if event:
                return "alive"
            time.sleep(60)
    """
    stuck, after = Sample(tmp_path, timeout=TIMEOUT_SECONDS).write(source).run(timed)
    assert stuck.outcome == "timed-out"
    assert stuck.body == b'{"errorMessage": "Function time out after 5 seconds"}'
    assert b"Dumping stack trace after function timeout" in stuck.log
    assert b'index.py", line 7 in handle' in stuck.log
    assert after.body == b"alive"


def test_instance_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    source = """
        import os, signal, time

        def handle(event, context):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("pid", os.getpid())
            time.sleep(60)
    """
    result = Sample(tmp_path, timeout=TIMEOUT_SECONDS).write(source).invoke()
    assert result.outcome == "timed-out"
    pid = int(result.log.split(b"pid ")[1].split()[0])
    assert not alive(pid)


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "__import__('os')._exit(0)", "raise KeyboardInterrupt"])
def test_ended_process_fails_the_call_and_is_replaced(tmp_path: Path, ending: str) -> None:
    async def twice(pool: InstancePool) -> tuple[InvocationResult, InvocationResult]:
        return await pool.invoke(b"", "one", "Sync"), await pool.invoke(b"go on", "two", "Sync")

    source = f"def handle(event, context):\n    if event:\n        return event\n    {ending}\n"
    first, second = Sample(tmp_path).write(source).run(twice)
    assert first.outcome == "exited"
    assert first.body == b'{"errorMessage": "Process exited unexpectedly before completing request"}'
    assert second.body == b"go on"


def test_kill_ends_all_instances_and_returns_their_ids(tmp_path: Path) -> None:
    source = "import os\n" + PID.replace("    return", "    while not event: pass\n    return")

    async def kill(pool: InstancePool) -> tuple[set[int], list[int], InvocationResult]:
        async def busy() -> InvocationResult:
            return await pool.invoke(b"", "busy", "Sync")

        working = asyncio.create_task(busy())
        await until(said(pool, "Start RequestId: busy"))
        idle = int((await pool.invoke(b"x", "idle", "Sync")).body)
        killed = await pool.kill()
        return {idle}, killed, await working

    idle, killed, result = Sample(tmp_path).write(source).run(kill)
    assert (len(killed), result.outcome) == (2, "exited")
    assert idle < set(killed)
    assert not any(map(alive, killed))


def test_armed_kill_happens_once_before_traffic_continues(tmp_path: Path) -> None:
    async def armed(pool: InstancePool) -> tuple[bool, Outcome, int]:
        crash_points = CrashPoints()
        KillSwitch(pool, crash_points).arm("publish-sent")
        working = asyncio.create_task(pool.invoke(b"", "one", "Sync"))
        await until(said(pool, "busy"))
        await crash_points.report("create-sent")
        spared = not working.done()
        await crash_points.report("publish-sent")
        failed = (await working).outcome
        again = asyncio.create_task(pool.invoke(b"", "two", "Sync"))
        await until(said(pool, "Start RequestId: two"))
        await crash_points.report("publish-sent")
        still_there = len(await pool.kill())
        await again
        return spared, failed, still_there

    assert Sample(tmp_path).write(STUCK).run(armed) == (True, "exited", 1)


def test_unknown_point_cannot_be_armed(tmp_path: Path) -> None:
    async def arm(pool: InstancePool) -> None:
        switch = KillSwitch(pool, CrashPoints())
        for point in POINTS:
            switch.arm(point)
        with pytest.raises(ValueError, match="create-sent, create-answered"):
            switch.arm("create-thought-of")

    Sample(tmp_path).run(arm)


def test_disarmed_kill_switch_kills_nothing(tmp_path: Path) -> None:
    async def disarmed(pool: InstancePool) -> set[bytes]:
        crash_points = CrashPoints()
        switch = KillSwitch(pool, crash_points)
        switch.arm("create-sent")
        switch.disarm()
        before = await pool.invoke(b"", "one", "Sync")
        await crash_points.report("create-sent")
        return {before.body, (await pool.invoke(b"", "two", "Sync")).body}

    assert len(Sample(tmp_path).write(PID).run(disarmed)) == 1


def test_invocation_log_has_the_result_of_each_invocation(tmp_path: Path) -> None:
    async def several(pool: InstancePool) -> list[tuple[str, str, str]]:
        await pool.invoke(b"1", "good", "Sync")
        await pool.invoke(b"", "bad", "Trigger")
        return [(entry["requestId"], entry["outcome"], entry["errorType"]) for entry in pool.invocation_log.recent()]

    source = "def handle(event, context):\n    return 1 // int(event)\n"
    assert Sample(tmp_path).write(source).run(several) == [("good", "succeeded", ""), ("bad", "failed", "ValueError")]


def test_processes_of_an_instance_end_with_it(tmp_path: Path) -> None:
    source = """
        import os, subprocess, sys

        def handle(event, context):
            print("child", subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)"]).pid)
            os._exit(1)
    """
    result = Sample(tmp_path).write(source).invoke()
    assert result.outcome == "exited"
    wait_until_dead(int(result.log.split(b"child ")[1].split()[0]))


def test_processes_of_an_idle_instance_end_with_it(tmp_path: Path) -> None:
    source = """
        import os, pathlib, subprocess, sys, threading, time

        def end():
            while not pathlib.Path("answered").exists():
                time.sleep(0.01)
            os._exit(1)

        def handle(event, context):
            threading.Thread(target=end).start()
            return str(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)"]).pid)
    """

    async def outlive(pool: InstancePool) -> None:
        child = int((await pool.invoke(b"", "one", "Sync")).body)
        (tmp_path / "answered").touch()
        await asyncio.to_thread(wait_until_dead, child)

    Sample(tmp_path).write(source).run(outlive)


def test_stopped_pool_leaves_no_process(tmp_path: Path) -> None:
    source = """
        import os, subprocess, sys

        def handle(event, context):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)"])
            return f"{os.getpid()} {child.pid}"
    """
    wait_until_dead(*map(int, Sample(tmp_path).write(source).invoke().body.split()))


def test_busy_worker_ends_with_its_killed_parent(tmp_path: Path) -> None:
    sample = Sample(tmp_path).write("""
        import os

        def handle(event, context):
            print("worker", os.getpid(), flush=True)
            while True:
                pass
    """)
    parent = f"""
import asyncio, pathlib, sys
from tests.local.fc_support import Sample, said_pid
Sample(pathlib.Path({str(sample.directory)!r})).run(said_pid)
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout is not None
        worker = int(running.stdout.readline())
        assert alive(worker)
        os.kill(running.pid, signal.SIGKILL)
    wait_until_dead(worker)


def test_stopped_pool_starts_no_instance(tmp_path: Path) -> None:
    async def crowd(pool: InstancePool) -> tuple[list[Outcome], list[str]]:
        calls = [asyncio.create_task(pool.invoke(b"", str(n), "Sync")) for n in range(3)]
        await until(said(pool, "busy"))
        await pool.stop()
        outcomes = [(await call).outcome for call in calls]
        return outcomes, [line["line"] for line in pool.logs.recent() if "Start" in line["line"]]

    outcomes, started = Sample(tmp_path, limit=1).write(STUCK).run(crowd)
    assert outcomes == ["exited"] * 3
    assert len(started) == 1
