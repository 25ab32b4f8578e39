"""What a load costs, and how long requests wait as it grows.

    python -m benchmarks.scale [--output DIRECTORY]

The table of `costs`, and a discrete-event simulation of queue, trigger, instances and a throttled API, which waits by
the function's own backoff. The simulation is drawn as SVG and PNG.
"""

import argparse
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import simpy
from matplotlib.figure import Figure
from rich.table import Column

from benchmarks.costs import BACKOFF, BATCH, CPU_S, HEADS, LOADS, VCPU, WARM_S, Cost
from benchmarks.plots import saved
from express_sync.ops.terminal import output, tables
from handler.provisioning.retry import Uniform


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
    figure = Figure(figsize=(10, 4), layout="constrained")
    times, calls = figure.subplots(1, 2)
    for name, points in curves.items():
        times.plot(RATES, [point[1] for point in points], marker=".", label=name)
        calls.plot(RATES, [point[2] for point in points], marker=".", label=name)
    times.set(xlabel="requests per second", ylabel="seconds to the outcome, 95th percentile", yscale="log")
    calls.set(xlabel="requests per second", ylabel="create calls per outcome")
    times.legend(fontsize=8)
    directory.mkdir(parents=True, exist_ok=True)
    return saved(figure, directory, "scale")


def main() -> None:
    """Print the tables and draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "docs" / "benchmarks")
    directory = parser.parse_args().output
    _print(HEADS, [Cost(load).row() for load in LOADS])
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
    output.results().print(tables.table(output.results(), columns, rows))


if __name__ == "__main__":
    main()
