"""Prints what the model finds: `python -m tests.model --faults 4`. Exits with 1 if a promise is broken anywhere."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from tests.model.schedules import Tally
from tests.model.truth import Kind
from tests.model.worlds import SETTINGS, forbidden

_HEADS = ("schedules", *(kind.value for kind in Kind))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every setting, one line each, and a line for all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--faults", type=int, default=4, help="the most faults of a schedule (default: 4)")
    parser.add_argument("--copies", type=int, default=1, help="messages of the request in its batch (default: 1)")
    options = parser.parse_args(arguments)
    total, broken = Tally(), 0
    _print("time", "adoption", "world", _HEADS)
    for setting in SETTINGS:
        tally = replace(setting, copies=options.copies).tally(options.faults)
        total.add(tally)
        broken += sum(tally.found[kind] for kind in forbidden(setting.adoption))
        _print(setting.timing.name, setting.adoption, setting.world, _figures(tally))
    _print("all", "", "", _figures(total))
    sys.stdout.write(f"\n{broken} violations; under the policy identical, a wrong adoption is none\n")
    return 1 if broken else 0


def _figures(tally: Tally) -> tuple[int, ...]:
    return (tally.schedules, *(tally.found[kind] for kind in Kind))


def _print(time: str, adoption: str, world: str, figures: Sequence[object]) -> None:
    cells = "  ".join(f"{figure!s:>{max(9, len(head))}}" for figure, head in zip(figures, _HEADS, strict=True))
    sys.stdout.write(f"{time:<7} {adoption:<10} {world:<21} {cells}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
