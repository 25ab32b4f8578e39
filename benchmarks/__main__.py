"""Everything that is measured, in one run and one table: `python -m benchmarks`, or `make bench`."""

import os
import platform
import sys
from collections.abc import Callable

from benchmarks import loads, pure_path, starts
from benchmarks.candidates import RUNTIME, Candidates, prepared
from benchmarks.comparison import Comparison, Limit, Row, table
from benchmarks.rig import Rig, rig
from express_sync.ops.packaging.package import MAX_BYTES
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError


def sizes(everybody: Candidates) -> list[Row]:
    """Return the rows with the sizes of the archives, all made by the same packer."""
    ours, plain, tea, powertools = (
        [each.size / 1e6] for each in (everybody.ours, everybody.ours_plain, everybody.tea, everybody.powertools)
    )
    return [
        Limit(Comparison("Package", "MB", ours, "with the Tea client", tea), goal=MAX_BYTES / 1e6),
        Comparison("Package", "MB", ours, "in Powertools' style", powertools),
        Comparison("Package", "MB", ours, "without bytecode", plain),
    ]


def measured(everybody: Candidates, on: Rig) -> list[Row]:
    """Measure and return all rows; show the progress on a terminal."""
    works: dict[str, Callable[[], list[Row]]] = {
        "Sizes": lambda: sizes(everybody),
        "Imports": lambda: starts.import_times(everybody),
        "Cold starts": lambda: starts.cold_starts(everybody, on),
        "CPU per message": pure_path.rows,
        "Batches": lambda: loads.batches(everybody, on),
        "End to end": lambda: loads.throughput(everybody),
        "Memory": lambda: loads.memory(everybody, on),
    }
    rows: list[Row] = []
    with output.progress() as bar:
        task = bar.add_task("", total=len(works))
        for name, work in works.items():
            bar.update(task, description=name)
            rows.extend(work())
            bar.advance(task)
    return rows


def main() -> int:
    """Measure, print the table, and return the exit code: 2 if something cannot be measured."""
    load = os.getloadavg()[0]
    output.info("Preparing the candidates; their libraries are fetched once for each state of their locks.")
    try:
        with prepared() as everybody, rig(everybody.python) as on:
            rows = measured(everybody, on)
    except CliError as problem:
        problem.show()
        return problem.exit_code
    output.results().print(table(rows))
    output.print_line(
        f"Medians (least to most). Python {platform.python_version()}, packages for {RUNTIME.name}; "
        f"{os.cpu_count()} CPUs ({platform.machine()}), load {load:.1f} before the run."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
