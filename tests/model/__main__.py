"""Prints what the model finds: `python -m tests.model --faults 4`. Exits with 1 if a promise is broken anywhere."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from tests.model.faults import OUTAGE
from tests.model.schedules import Tally
from tests.model.truth import Kind
from tests.model.worlds import DEFERRING, OUTAGES, PULLED, SETTINGS, Setting

_HEADS = ("schedules", *(kind.value for kind in Kind))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every setting, one line each, and a line for all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--faults", type=int, default=4, help="the most faults of a schedule (default: 4)")
    parser.add_argument("--copies", type=int, default=1, help="messages of the request in its batch (default: 1)")
    options = parser.parse_args(arguments)
    copied = (replace(each, copies=options.copies, batch=options.copies) for each in (*SETTINGS, *DEFERRING))
    total, broken = Tally(), 0
    _print(("time", "adoption", "world", "deferrals", "messages"), _HEADS)
    for setting in (*copied, *OUTAGES, *PULLED):
        tally = setting.tally(options.faults)
        total.add(tally)
        broken += sum(tally.found[kind] for kind in setting.forbidden)
        _print(_labels(setting), _figures(tally))
    _print(("all", "", "", "", ""), _figures(total))
    sys.stdout.write(f"\n{broken} violations; under the policy identical, a wrong adoption is none\n")
    return 1 if broken else 0


def _labels(setting: Setting) -> tuple[str, ...]:
    world = "outage for ever" if setting.alphabet is OUTAGE else setting.world
    messages = f"{setting.copies} in {setting.batch}{', pulled' if setting.is_pulled else ''}"
    return (setting.timing.name, setting.adoption, world, str(setting.deferrals), messages)


def _figures(tally: Tally) -> tuple[int, ...]:
    return (tally.schedules, *(tally.found[kind] for kind in Kind))


def _print(labels: Sequence[str], figures: Sequence[object]) -> None:
    cells = "  ".join(f"{figure!s:>{max(9, len(head))}}" for figure, head in zip(figures, _HEADS, strict=True))
    sys.stdout.write("{:<7} {:<10} {:<21} {:<9} {:<14} ".format(*labels) + cells + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
