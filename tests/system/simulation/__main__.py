"""Simulates a day with an outage, for every kind and length of outage: `python -m tests.system.simulation`.

Each outage is simulated with 16 requests that arrive while it begins, and with 10 requests per hour all day; each of
these without a further fault, and with one double submission, one lost acknowledgement of a batch, and one kill of the
instance. A line shows the greatest figure of these four. Exits with 1 if a promise is broken.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import groupby
from multiprocessing import get_context

from tests.system.simulation.day import Figures, figures_of, settings
from tests.system.simulation.outages import ARRIVALS, DURATIONS, KINDS, SCENARIOS, Fault, Scenario
from tests.system.simulation.promises import broken
from tests.system.simulation.table import HEAD, Result, label, line


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what the arguments choose and print the table."""
    options = _parser().parse_args(arguments)
    chosen = [
        replace(each, seed=options.seed)
        for each in SCENARIOS
        if options.kind in ("", each.kind.name) and DURATIONS.get(options.lasts, each.seconds) == each.seconds
    ]
    if options.every:
        chosen.sort(key=lambda each: (ARRIVALS.index(each.arrival), list(Fault).index(each.fault)))
    figures = _simulated(chosen, options.workers)
    parts = groupby(zip(chosen, figures, strict=True), key=lambda result: _title(result[0], every=options.every))
    return _conclusion([result for title, part in parts for result in _printed(title, part)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.system.simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kind", default="", choices=[each.name for each in KINDS], help="only this kind of outage")
    parser.add_argument("--lasts", default="", choices=list(DURATIONS), help="only outages of this length")
    parser.add_argument("--every", action="store_true", help="a line for each day instead of the greatest of four")
    parser.add_argument("--seed", type=int, default=1, help="of all chance (default: 1)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per CPU)")
    return parser


def _simulated(scenarios: Sequence[Scenario], workers: int) -> Iterator[Figures]:
    if workers == 1:
        yield from map(figures_of, scenarios)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(figures_of, scenarios)


def _title(scenario: Scenario, *, every: bool) -> str:
    return f"{scenario.arrival.name}, {scenario.fault.value}" if every else scenario.arrival.name


def _printed(title: str, results: Iterable[Result]) -> Iterator[Result]:
    """Print a part of the table, a line for each outage, and pass the results on."""
    _print(f"{title}\n{HEAD}")
    for _, days in groupby(results, key=lambda result: label(result[0])):
        same_outage = list(days)
        _print(line(same_outage))
        yield from same_outage
    _print("")


def _conclusion(results: Sequence[Result]) -> int:
    problems = [
        f"{scenario.arrival.name}, {label(scenario)}, {scenario.fault.value}: {problem}"
        for scenario, figures in results
        for problem in broken(scenario, figures, settings())
    ]
    for problem in problems:
        _print(problem)
    names = ("lost", "untrue", "raised")
    sums = ", ".join(f"{sum(getattr(figures, name) for _, figures in results)} {name}" for name in names)
    _print(f"{len(results)} days: {sums}, {len(problems)} broken promises")
    return 1 if problems else 0


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
