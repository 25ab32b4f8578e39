"""Everything that is measured, in one run and one table: `python -m benchmarks [--quick] [--output DIRECTORY]`."""

import argparse
import json
import multiprocessing
import os
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import loads, network, pure_path, queues, starts
from benchmarks.candidates import ROOT, RUNTIME, Candidates, prepared
from benchmarks.comparison import Comparison, Limit, Row, document, table
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.rig import Rig, rig
from express_sync.ops.packaging.package import MAX_BYTES
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.progress_bar import progress_bar


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


def measured(everybody: Candidates, on: Rig, plan: Plan) -> list[Row]:
    """Measure and return all rows; show the progress on a terminal."""
    works: dict[str, Callable[[], list[Row]]] = {
        "Sizes": lambda: sizes(everybody),
        "Network": lambda: network.rows(everybody, plan),
        "Imports": lambda: starts.import_times(everybody, plan),
        "Cold starts": lambda: starts.cold_starts(everybody, on, plan),
        "CPU per message": lambda: alone(pure_path.rows),
        "End to end": lambda: loads.throughput(everybody, plan),
        "Operations of the local MNS": lambda: queues.beside_moto(everybody, on, plan),
        "Long queues": lambda: queues.by_length(on, plan),
        "Memory": lambda: loads.memory(everybody, on, plan),
    }
    rows: list[Row] = []
    with progress_bar() as bar:
        task = bar.add_task("", total=len(works))
        for name, work in works.items():
            bar.update(task, description=name)
            rows.extend(work())
            bar.advance(task)
    return rows


def alone(rows: Callable[[], list[Row]]) -> list[Row]:
    """Measure in a process of its own: with the threads of the rig beside it, each line of a log would cost more."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(rows).result()


def write(rows: list[Row], machine: dict[str, Any], directory: Path) -> list[Path]:
    """Write results.json, and the pictures if matplotlib is installed; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    results = directory / "results.json"
    figures = document(rows)
    results.write_text(json.dumps({**machine, "rows": figures}, indent=1, ensure_ascii=False) + "\n")
    try:
        from benchmarks.plots import draw
    except ImportError:
        output.info("matplotlib is not installed, so the pictures are left out; `make bench` installs it.")
        return [results]
    return [results, *draw(figures, directory)]


def main() -> int:
    """Measure, print the table, and return the exit code: 2 if something cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="fewer rounds; the figures scatter more")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks", help="where the results go")
    wanted = parser.parse_args()
    machine = {
        "python": platform.python_version(),
        "packagesFor": RUNTIME.name,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "loadBefore": round(os.getloadavg()[0], 1),
        "quick": wanted.quick,
    }
    output.info("Preparing the candidates; their libraries are fetched once for each state of their locks.")
    try:
        with prepared() as everybody, rig(everybody.python) as on:
            rows = measured(everybody, on, QUICK if wanted.quick else FULL)
    except CliError as problem:
        problem.show()
        return problem.exit_code
    output.results().print(table(rows))
    output.print_line(
        f"Medians (least to most). Python {machine['python']}, packages for {machine['packagesFor']}; "
        f"{machine['cpus']} CPUs ({machine['machine']}), load {machine['loadBefore']} before the run."
    )
    for file in write(rows, machine, wanted.output):
        output.print_line(str(file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
