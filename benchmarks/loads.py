"""What a running instance does: a batch against a single message, requests through the cloud, memory over time."""

import asyncio
import json
import time
from collections.abc import Callable

from benchmarks.candidates import RUNTIME, Candidates
from benchmarks.comparison import Comparison, Limit, Row, in_turns
from benchmarks.rig import Rig, child_processes, invoked, queue_event, request, resident_kib
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.local.fc.fleet import Fleet
from express_sync.ops.queues.client import Queue, queue
from handler.credentials import Credentials

BATCH = 16
BATCH_ROUNDS = 9
REQUESTS, REQUEST_ROUNDS = 320, 5
WARMING, MESSAGES = 1_008, 10_000


def batches(everybody: Candidates, rig: Rig) -> list[Row]:
    """Compare a batch of 16 with a batch of 1 in one warm instance; each create call takes 100 ms."""

    async def one(fleet: Fleet, messages: int) -> float:
        await asyncio.to_thread(rig.fault, "slow:100", messages)
        return await invoked(fleet, queue_event(messages)) * 1000

    async def work(fleet: Fleet) -> list[list[float]]:
        await one(fleet, BATCH)
        samples = [[await one(fleet, BATCH), await one(fleet, 1)] for _ in range(BATCH_ROUNDS)]
        return [list(series) for series in zip(*samples, strict=True)]

    sixteen, single = rig.with_fleet(everybody.ours, work)
    return [Comparison("Batch of 16, API answers in 100 ms", "ms", sixteen, "a batch of 1", single, goal=1.3)]


def throughput(everybody: Candidates) -> list[Row]:
    """Compare requests per second through the whole local cloud with messages per second through a queue."""
    options = CloudOptions(code=everybody.ours.code, python=everybody.python, runtime=RUNTIME.name)
    with background(options) as cloud:
        requests, results, idle = (_queue(cloud, role) for role in ("requestQueue", "resultQueue", "failureQueue"))
        through, plainly = (_sent_and_taken(requests, results), _sent_and_taken(idle, idle))
        through()  # starts the instances
        ours, floor = in_turns(REQUEST_ROUNDS, through, plainly)
    return [Comparison("End to end through the local cloud", "/s", ours, "its queues alone", floor)]


def memory(everybody: Candidates, rig: Rig) -> list[Row]:
    """Compare the memory growth of an instance over 10,000 messages with that of an empty function."""
    ours, nothing = (rig.with_fleet(each, _growth) for each in (everybody.ours, everybody.nothing))
    compared = Comparison("Memory growth over 10,000 messages", "MiB", [ours], "an empty function", [nothing])
    return [Limit(compared, goal=4)]


async def _growth(fleet: Fleet) -> float:
    before = child_processes()
    await _processed(fleet, WARMING)
    [instance] = child_processes() - before
    warm = resident_kib(instance)
    await _processed(fleet, MESSAGES)
    return (resident_kib(instance) - warm) / 1024


async def _processed(fleet: Fleet, messages: int) -> None:
    for _ in range(messages // BATCH):
        await invoked(fleet, queue_event(BATCH))


def _sent_and_taken(into: Queue, out_of: Queue) -> Callable[[], float]:
    """Return a function that measures messages per second, from the first sent to the last taken."""

    def once() -> float:
        began = time.perf_counter()
        for _ in range(REQUESTS // BATCH):
            into.send([json.dumps(request()) for _ in range(BATCH)])
        taken = 0
        while taken < REQUESTS:
            messages = out_of.receive(wait_seconds=5)
            out_of.delete([message.receipt_handle for message in messages])
            taken += len(messages)
        return REQUESTS / (time.perf_counter() - began)

    return once


def _queue(cloud: RunningCloud, role: str) -> Queue:
    return queue(cloud.ready, role, Credentials(cloud.ready["accessKeyId"], cloud.ready["accessKeySecret"]))
