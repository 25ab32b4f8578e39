"""Types of command line options."""

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A finite number within a range; click's own type accepts NaN and infinity."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail with a usage error."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{number} is not a finite number.", param, ctx)
        return number


POSITIVE = Finite(0, min_open=True)
