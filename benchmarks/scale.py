"""What a load costs, and how long requests wait as it grows.

    python -m benchmarks.scale [--output DIRECTORY]

A table computed from measured figures and documented limits, and a discrete-event simulation of queue, trigger,
instances and a throttled API, which waits by the function's own backoff. The simulation is drawn as SVG and PNG.
"""

import argparse
import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import matplotlib as mpl
import simpy
from matplotlib.figure import Figure
from rich.table import Column

from express_sync.ops.terminal import output
from handler.provisioning.retry import Backoff, Uniform

DAY_S = 86_400
# From template.yml.
BATCH, WINDOW_S, MEMORY_GB, VCPU = 16, 1.0, 0.25, 0.25
BACKOFF = Backoff(attempts=5, base_seconds=0.5, cap_seconds=8)
# Measured (docs/performance.md): two round trips of 20 ms and the local services; CPU for one message and a cold start.
WARM_S, CPU_S, COLD_CPU_S = 0.05, 0.0011, 0.17
# Documented: SMQ's requests per second and account, https://help.aliyun.com/zh/mns (batches count each message).
SMQ_TPS = 20_000
PEAK_FACTOR = 10  # how much busier the busiest minute is than the average; an assumption
LOADS = (10, 1_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of requests a day costs."""

    requests: int

    @property
    def peak_rate(self) -> float:
        """Return requests per second in the busiest minute."""
        return self.requests / DAY_S * PEAK_FACTOR

    @property
    def batch(self) -> float:
        """Return messages per invocation on average: those of one window of the trigger."""
        return min(BATCH, max(1.0, self.requests / DAY_S * WINDOW_S))

    @property
    def invocations(self) -> float:
        """Return invocations per day."""
        return self.requests / self.batch

    @property
    def invocation_seconds(self) -> float:
        """Return how long one takes: round trips and CPU on a part of a core; alone in its minutes, it starts cold."""
        is_cold = self.invocations < DAY_S / 300
        return WARM_S + (self.batch * CPU_S + COLD_CPU_S * is_cold) / VCPU

    @property
    def gb_seconds(self) -> float:
        """Return the billed GB-seconds per day."""
        return self.invocations * self.invocation_seconds * MEMORY_GB

    @property
    def instances(self) -> int:
        """Return the instances that are busy at the peak."""
        peak_batch = min(BATCH, max(1.0, self.peak_rate * WINDOW_S))
        return math.ceil(self.peak_rate / peak_batch * (WARM_S + peak_batch * CPU_S / VCPU))

    @property
    def smq_calls(self) -> float:
        """Return SMQ requests per day: send, receive and delete (in batches), publish, and the same by a listener."""
        return self.requests * (1 + 2 / self.batch + 1 + 2 / self.batch)

    def row(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            f"{self.requests:,}",
            f"{self.peak_rate:.3g}/s",
            f"{self.batch:.1f}",
            f"{self.instances}",
            f"{self.gb_seconds:,.3g}",
            f"{self.smq_calls:,.0f}",
            f"{self.peak_rate * 6 / SMQ_TPS:.2%}",
        )


@dataclass
class Api:
    """An API that answers `limit` calls a second and throttles the others; None is without a limit."""

    environment: simpy.Environment
    limit: float | None
    _tokens: float = 1.0
    _at: float = 0.0
    calls: Iterator[int] = field(default_factory=count)

    def accepts(self) -> bool:
        """Make a call, and return whether it is not throttled."""
        next(self.calls)
        if self.limit is None:
            return True
        now = self.environment.now
        self._tokens = min(max(self.limit, 1.0), self._tokens + (now - self._at) * self.limit)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many requests arrive a second, how many instances there are, what the API allows, and how waits are drawn."""

    rate: float
    instances: int = 4
    limit: float | None = None
    jitter: bool = True
    seconds: float = 300.0

    def run(self, seed: int) -> tuple[list[float], int]:
        """Return the seconds from submission to outcome of each request, and the number of calls."""
        chance, environment = random.Random(seed), simpy.Environment()
        queue, api = simpy.Store(environment), Api(environment, self.limit)
        waits: list[float] = []
        uniform: Uniform = chance.uniform if self.jitter else lambda _low, high: high
        environment.process(self._arrivals(environment, queue, chance))
        for _ in range(self.instances):
            environment.process(self._instance(environment, queue, api, uniform, waits))
        environment.run(until=self.seconds)
        return waits, next(api.calls)

    def _arrivals(self, environment: simpy.Environment, queue: simpy.Store, chance: random.Random) -> Iterator[Any]:
        while True:
            yield environment.timeout(chance.expovariate(self.rate))
            queue.put(environment.now)

    def _instance(
        self,
        environment: simpy.Environment,
        queue: simpy.Store,
        api: Api,
        uniform: Uniform,
        waits: list[float],
    ) -> Iterator[Any]:
        """Take what is there, at most a batch, as the trigger pushes it, and process it side by side."""
        while True:
            batch = [(yield queue.get())]
            while queue.items and len(batch) < BATCH:
                batch.append((yield queue.get()))
            yield environment.timeout(len(batch) * CPU_S / VCPU)
            lanes = [environment.process(_lane(environment, api, uniform)) for _ in batch]
            yield environment.all_of(lanes)
            waits.extend(environment.now - arrived for arrived in batch)


def _lane(environment: simpy.Environment, api: Api, uniform: Uniform) -> Iterator[Any]:
    """Create with retries. A request that is throttled to the last attempt counts as it is: deferrals are left out."""
    for failures in count(1):
        yield environment.timeout(WARM_S / 2)
        if api.accepts() or (wait := BACKOFF.wait(failures, uniform)) is None:
            break
        yield environment.timeout(wait)
    yield environment.timeout(WARM_S / 2)


CURVES: dict[str, Callable[[float], Scenario]] = {
    "no throttling": Scenario,
    "100 calls/s, full jitter": lambda rate: Scenario(rate, limit=100),
    "100 calls/s, no jitter": lambda rate: Scenario(rate, limit=100, jitter=False),
    "100 calls/s, full jitter, 8 instances": lambda rate: Scenario(rate, 8, 100),
}
RATES = (10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 600)


def simulated(seed: int = 1) -> dict[str, list[tuple[float, float, float]]]:
    """Return median and 95th percentile of the time to an outcome, and calls per outcome, along each curve."""
    return {name: [_point(scenario(rate), seed) for rate in RATES] for name, scenario in CURVES.items()}


def _point(scenario: Scenario, seed: int) -> tuple[float, float, float]:
    waits, calls = scenario.run(seed)
    return statistics.median(waits), statistics.quantiles(waits, n=20)[-1], calls / len(waits)


def draw(curves: dict[str, list[tuple[float, float, float]]], directory: Path) -> list[Path]:
    """Draw the 95th percentile and the calls per outcome against the load, and return the files."""
    mpl.rcParams["svg.hashsalt"] = "express-sync"  # so that the same figures give the same file
    figure = Figure(figsize=(10, 4), layout="constrained")
    times, calls = figure.subplots(1, 2)
    for name, points in curves.items():
        times.plot(RATES, [point[1] for point in points], marker=".", label=name)
        calls.plot(RATES, [point[2] for point in points], marker=".", label=name)
    times.set(xlabel="requests per second", ylabel="seconds to the outcome, 95th percentile", yscale="log")
    calls.set(xlabel="requests per second", ylabel="create calls per outcome")
    times.legend(fontsize=8)
    directory.mkdir(parents=True, exist_ok=True)
    files = [directory / f"scale.{kind}" for kind in ("svg", "png")]
    for file in files:
        figure.savefig(file, dpi=110, metadata={"Date": None} if file.suffix == ".svg" else None)
    return files


def main() -> None:
    """Print the tables and draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "docs" / "benchmarks")
    directory = parser.parse_args().output
    heads = ("Requests a day", "Peak", "Batch", "Instances", "GB-seconds a day", "SMQ calls a day", "of SMQ's limit")
    _print(heads, [Cost(load).row() for load in LOADS])
    curves = simulated()
    rows = [
        (name, str(rate), *(f"{value:.2f}" for value in point))
        for name, points in curves.items()
        for rate, point in zip(RATES, points, strict=True)
    ]
    _print(("Simulated", "Requests/s", "Median, s", "95 %, s", "Calls per outcome"), rows)
    for file in draw(curves, directory):
        output.print_line(str(file))


def _print(heads: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    columns = [Column(head, justify="left" if place == 0 else "right") for place, head in enumerate(heads)]
    output.results().print(output.table(output.results(), columns, rows))


if __name__ == "__main__":
    main()
