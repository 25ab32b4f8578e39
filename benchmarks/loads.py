"""What running instances do: requests through the whole local cloud, and memory over time."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.candidates import RUNTIME, Candidates
from benchmarks.comparison import Comparison, Limit, Row, in_turns
from benchmarks.plan import Plan
from benchmarks.rig import Rig, child_processes, invoked, queue_event, request, resident_kib
from express_sync.local.cloud import CloudOptions, background
from express_sync.local.fc.instance_pool import InstancePool
from express_sync.ops.queues.client import Queue, queue
from handler.credentials import Credentials

BATCH = 16
WARMING = 1_008
OUTCOMES_PER_SECOND = 800


def throughput(everybody: Candidates, plan: Plan) -> list[Row]:
    """Compare requests per second through the whole local cloud with messages per second through a queue."""
    options = CloudOptions(code=everybody.ours.code, python=everybody.python, runtime=RUNTIME.name)
    with _in_its_own_process(options) as ready:
        requests, results, idle = (_queue(ready, role) for role in ("requestQueue", "resultQueue", "failureQueue"))
        through = _sent_and_taken(requests, results, plan.throughput_requests)
        plainly = _sent_and_taken(idle, idle, plan.throughput_requests)
        through()  # starts the instances
        ours, floor = in_turns(plan.throughput_rounds, through, plainly)
    compared = Comparison("Outcomes through the local cloud", "/s", ours, "its queues alone", floor)
    return [Limit(compared, goal=OUTCOMES_PER_SECOND, is_least=True)]


def memory(everybody: Candidates, rig: Rig, plan: Plan) -> list[Row]:
    """Compare the memory growth of an instance over many messages with that of an empty function."""

    async def growth(pool: InstancePool) -> float:
        before = child_processes()
        await _processed(pool, WARMING)
        [instance] = child_processes() - before
        warm = resident_kib(instance)
        await _processed(pool, plan.memory_messages)
        return (resident_kib(instance) - warm) / 1024

    ours, nothing = (rig.with_pool(each, growth) for each in (everybody.ours, everybody.nothing))
    measure = f"Memory growth over {plan.memory_messages:,} messages"
    return [Limit(Comparison(measure, "MiB", [ours], "an empty function", [nothing]), goal=1)]


async def _processed(pool: InstancePool, messages: int) -> None:
    for _ in range(messages // BATCH):
        await invoked(pool, queue_event(BATCH))


def _sent_and_taken(into: Queue, out_of: Queue, requests: int) -> Callable[[], float]:
    """Return a function that measures messages per second, from the first sent to the last taken."""

    def once() -> float:
        began = time.perf_counter()
        for _ in range(requests // BATCH):
            into.send([json.dumps(request()) for _ in range(BATCH)])
        taken = 0
        while taken < requests:
            messages = out_of.receive(wait_seconds=5)
            out_of.delete([message.receipt_handle for message in messages])
            taken += len(messages)
        return requests / (time.perf_counter() - began)

    return once


@contextmanager
def _in_its_own_process(options: CloudOptions) -> Iterator[dict[str, Any]]:
    """Run a cloud as `express-sync up` does, beside the process that sends; yield its ready object."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run_until_told, args=(options, theirs))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def _run_until_told(options: CloudOptions, told: Connection) -> None:
    with background(options) as cloud:
        told.send(cloud.ready)
        told.poll(None)


def _queue(ready: dict[str, Any], role: str) -> Queue:
    return queue(ready, role, Credentials(ready["accessKeyId"], ready["accessKeySecret"]))
