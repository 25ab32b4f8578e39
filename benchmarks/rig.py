"""A local cloud without its own function, and on it instances of any candidate, as Function Compute would have them."""

import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.candidates import RUNTIME, Candidate
from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.local.fc.instance_pool import Code, InstancePool, new_request_id
from express_sync.local.local_function import MNS_ENDPOINT, SGW_ENDPOINT, TRUSTED_CERTIFICATES
from tests.support.processes import children_of

T = TypeVar("T")
SAMPLE = Path(__file__).parents[1] / "events" / "triggers" / "cloudevent-plain.json"
_numbers = count()


def request() -> dict[str, str]:
    """Return a request for a group that no earlier request asks for."""
    name = f"bench-{next(_numbers):06d}"
    return {"requestId": name, "name": name, "bucketName": name, "bucketRegion": "cn-hangzhou"}


def queue_event(messages: int) -> bytes:
    """Return an event of the queue trigger with that many requests."""
    event: dict[str, Any] = json.loads(SAMPLE.read_bytes())

    def message(body: dict[str, str]) -> dict[str, Any]:
        name = body["name"]
        return {**event, "id": name, "data": {"messageId": name, "messageBody": json.dumps(body)}}

    return json.dumps([message(request()) for _ in range(messages)]).encode()


@dataclass(frozen=True, slots=True)
class Rig:
    """Where candidates run, all with the interpreter `python`."""

    cloud: RunningCloud
    python: str

    def with_pool(self, candidate: Candidate, work: Callable[[InstancePool], Awaitable[T]]) -> T:
        """Return the result of `work` on a pool with one instance of the candidate, stopped afterwards."""
        return self.with_pools([candidate], lambda pools: work(pools[0]))

    def with_pools(self, candidates: Sequence[Candidate], work: Callable[[list[InstancePool]], Awaitable[T]]) -> T:
        """Return the result of `work` on a pool for each candidate, all stopped afterwards."""

        async def whole() -> T:
            pools = [self._pool(candidate) for candidate in candidates]
            try:
                return await work(pools)
            finally:
                for pool in pools:
                    await pool.stop()

        return self.cloud.run(whole())

    def cold_start_ms(self, candidate: Candidate) -> float:
        """Return the milliseconds from the call of a function without instances to its answer, after publication."""
        event = json.dumps(request()).encode()
        return self.with_pool(candidate, lambda pool: invoked(pool, event)) * 1000

    def _pool(self, candidate: Candidate) -> InstancePool:
        declared, ready = self.cloud.cloud.deployment.function, self.cloud.ready
        environment = {
            **declared.environment,
            MNS_ENDPOINT: ready["mns"]["endpoint"],
            SGW_ENDPOINT: ready["sgw"]["endpoint"],
            **({TRUSTED_CERTIFICATES: ready["caFile"]} if "caFile" in ready else {}),
            "PYTHONDONTWRITEBYTECODE": "1",  # as where the code directory is read-only
        }
        function = replace(declared, runtime=RUNTIME.name, environment=environment)
        return InstancePool(function, LOCAL_ACCOUNT, Code(self.python, candidate.code), limit=1)


@contextmanager
def rig(python: str, *, tls: bool = False, rtt_ms: float = 0.0) -> Iterator[Rig]:
    """Yield a rig for the length of the context."""
    with background(CloudOptions(with_function=False, tls=tls, rtt_ms=rtt_ms)) as cloud:
        yield Rig(cloud, python)


async def invoked(pool: InstancePool, event: bytes) -> float:
    """Return the seconds until one invocation is answered; the function must succeed."""
    began = time.perf_counter()
    answer = await pool.invoke(event, new_request_id(), "Sync")
    seconds = time.perf_counter() - began
    assert answer.succeeded, answer.body
    return seconds


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def child_processes() -> set[int]:
    """Return the ids of the child processes of this process."""
    return children_of(os.getpid())


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
