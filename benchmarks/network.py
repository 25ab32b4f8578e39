"""What a real network costs: warm and cold instances over TLS with a round-trip time, beside the peers and the floor.

    python -m benchmarks.network

Every candidate has one instance; the instances take turns, invocation by invocation.
"""

from functools import partial
from itertools import count

from benchmarks.candidates import Candidates, prepared
from benchmarks.comparison import Comparison, Limit, Row, in_turns, table
from benchmarks.plan import FULL, Plan
from benchmarks.rig import Rig, child_processes, cpu_seconds, invoked, queue_event, rig
from express_sync.local.fc.instance_pool import InstancePool
from express_sync.ops.terminal import output

RTT_MS = 20
BATCH = 16
BATCHES = 63  # about 1,000 messages
CONCURRENCY = 16  # the function's default
TEA, CORE, FLOOR = "the Tea client, kept", "the older SDK, kept", "http.client, kept"


def rows(everybody: Candidates, plan: Plan) -> list[Row]:
    """Return the rows of warm instances, of their CPU time, and of cold starts."""
    with rig(everybody.python, tls=True, rtt_ms=RTT_MS) as distant:
        found = [*_warm(everybody, distant, plan), *_cold(everybody, distant, plan)]
    with rig(everybody.python, tls=True) as near:
        return [*found, *_cpu(everybody, near, plan), *_handshakes(everybody, near)]


def _warm(everybody: Candidates, rig: Rig, plan: Plan) -> list[Row]:
    async def work(pools: list[InstancePool]) -> list[list[float]]:
        for pool in pools:
            await invoked(pool, queue_event(BATCH))
        samples = [await _round(pools) for _ in range(plan.warm_rounds)]
        return [list(series) for series in zip(*samples, strict=True)]

    async def _round(pools: list[InstancePool]) -> list[float]:
        singles = [await invoked(pool, queue_event(1)) * 1000 for pool in pools]
        return [*singles, await invoked(pools[0], queue_event(BATCH)) * 1000]

    candidates = (everybody.ours, everybody.floor, everybody.tea, everybody.core)
    ours, floor, tea, core, sixteen = rig.with_pools(candidates, work)
    measure = f"Warm, batch of 1, TLS, {RTT_MS} ms"
    return [
        Comparison(measure, "ms", ours, FLOOR, floor, goal=1.25),
        Comparison(measure, "ms", ours, TEA, tea, goal=1.0),
        Comparison(measure, "ms", ours, CORE, core),
        Comparison(f"Warm, batch of {BATCH}, TLS, {RTT_MS} ms", "ms", sixteen, "a batch of 1", ours, goal=1.3),
    ]


def _cold(everybody: Candidates, rig: Rig, plan: Plan) -> list[Row]:
    candidates = (everybody.ours, everybody.floor, everybody.tea, everybody.core)
    works = (partial(rig.cold_start_ms, each) for each in candidates)
    ours, floor, tea, core = in_turns(plan.cold_rounds, *works)
    measure = f"Cold start to first outcome, TLS, {RTT_MS} ms"
    return [
        Comparison(measure, "ms", ours, FLOOR, floor, goal=1.6),
        Comparison(measure, "ms", ours, TEA, tea, goal=0.4),
        Comparison(measure, "ms", ours, CORE, core),
    ]


def _cpu(everybody: Candidates, rig: Rig, plan: Plan) -> list[Row]:
    async def work(pools: list[InstancePool]) -> list[list[float]]:
        instances = [await _started(pool) for pool in pools]
        samples = [
            [await _spent(pool, pid, plan) for pool, pid in zip(pools, instances, strict=True)]
            for _ in range(plan.cpu_rounds)
        ]
        return [list(series) for series in zip(*samples, strict=True)]

    ours, floor, tea, core = rig.with_pools((everybody.ours, everybody.floor, everybody.tea, everybody.core), work)
    measure = f"CPU per message, TLS, batch of {BATCH}"
    return [
        Limit(Comparison(measure, "ms", ours, FLOOR, floor), goal=1.5),
        Comparison(measure, "ms", ours, FLOOR, floor, goal=2.5),
        Comparison(measure, "ms", ours, TEA, tea),
        Comparison(measure, "ms", ours, CORE, core),
    ]


async def _started(pool: InstancePool) -> int:
    before = child_processes()
    await invoked(pool, queue_event(BATCH))
    [instance] = child_processes() - before
    return instance


async def _spent(pool: InstancePool, pid: int, plan: Plan) -> float:
    """Return the milliseconds of CPU for each message of some batches; first the connections are opened again."""
    await invoked(pool, queue_event(BATCH))
    began = cpu_seconds(pid)
    for _ in range(plan.cpu_batches):
        await invoked(pool, queue_event(BATCH))
    return (cpu_seconds(pid) - began) * 1000 / (plan.cpu_batches * BATCH)


def _handshakes(everybody: Candidates, rig: Rig) -> list[Row]:
    made = count()
    rig.cloud.cloud.on_handshake(lambda: next(made))

    async def work(pool: InstancePool) -> float:
        before = next(made)
        for _ in range(BATCHES):
            await invoked(pool, queue_event(BATCH))
        return float(next(made) - before - 1) * 1000 / (BATCHES * BATCH)

    ours, floor = ([rig.with_pool(each, work)] for each in (everybody.ours, everybody.floor))
    return [Limit(Comparison("TLS handshakes per 1,000 messages", "", ours, FLOOR, floor), goal=2 * CONCURRENCY)]


if __name__ == "__main__":
    with prepared() as everybody_prepared:
        output.results().print(table(rows(everybody_prepared, FULL)))
