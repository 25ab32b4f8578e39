"""The number that an option may be: within a range, and a number at all. Knows no option."""

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number in a range; NaN and infinity, which no comparison keeps out, are in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that the text stands for; the user's error otherwise."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{number} is no finite number.", param, ctx)
        return number


POSITIVE = Finite(0, min_open=True)
