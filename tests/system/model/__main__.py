"""Print the findings of the model: `python -m tests.system.model --faults 5`. Exits with 1 for a violation."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.system.model.invariants import Kind
from tests.system.model.schedules import Tally
from tests.system.model.settings import GROUPS, Group

MAX_FAULTS = max(group.faults for group in GROUPS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Go through every setting, print a line for each, and a table of all groups."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.model", description=__doc__)
    parser.add_argument(
        "--faults", type=int, default=MAX_FAULTS, help="the most faults of a schedule (default: %(default)s)"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="default: one for each core")
    options = parser.parse_args(arguments)
    fewer = MAX_FAULTS - options.faults
    tasks = [(group, place, max(0, group.faults - fewer)) for group in GROUPS for place in range(len(group.settings))]
    totals = {group.name: Tally() for group in GROUPS}
    violations: dict[str, int] = dict.fromkeys(totals, 0)
    for (group, place, faults), tally in zip(tasks, _tallies(tasks, options.processes), strict=True):
        setting = group.settings[place]
        broken = sum(tally.found[kind] for kind in setting.forbidden)
        totals[group.name].add(tally)
        violations[group.name] += broken
        _print(f"{tally.schedules:>14,} schedules of at most {faults} faults, {broken} violations: {setting.name}")
    _print_table(fewer, totals, violations)
    return 1 if any(violations.values()) else 0


def _tallies(tasks: Sequence[tuple[Group, int, int]], processes: int) -> Iterator[Tally]:
    """Yield the tally of each task in order; with one process, in this one."""
    names = [(group.name, place, faults) for group, place, faults in tasks]
    if processes == 1:
        yield from map(_tally, names)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_tally, names)


def _tally(task: tuple[str, int, int]) -> Tally:
    name, place, faults = task
    group = next(group for group in GROUPS if group.name == name)
    return group.settings[place].tally(faults)


def _print_table(fewer: int, totals: dict[str, Tally], violations: dict[str, int]) -> None:
    """Print a column for each group and one for all, in Markdown."""
    everything = Tally()
    for tally in totals.values():
        everything.add(tally)
    columns = [*totals.values(), everything]
    faults = [str(max(0, group.faults - fewer)) for group in GROUPS]
    rows = [
        ["", *totals, "all"],
        ["---", *["---:"] * len(columns)],
        [
            "settings",
            *(str(len(group.settings)) for group in GROUPS),
            str(sum(len(group.settings) for group in GROUPS)),
        ],
        ["faults, at most", *faults, ""],
        ["schedules", *(f"{tally.schedules:,}" for tally in columns)],
        ["**violations**", *map(str, violations.values()), str(sum(violations.values()))],
        *([kind.value, *(f"{tally.found[kind]:,}" for tally in columns)] for kind in Kind),
    ]
    _print("\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows))
    _print("\nUnder the policy identical, a wrong adoption is not a violation.")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
