"""Enumerates every path of a run: depth-first over its choice points, each path once.

A fault costs one of a budget; a turn is free. What is not chosen again is not run again: the next run follows the last
one up to the deepest choice that has an alternative left.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """The choices of one run: first those of a given path, then the first alternative everywhere."""

    def __init__(self, path: Sequence[int], budget: int) -> None:
        self.budget = budget
        self._path = list(path)
        self._widths: list[int] = []

    def fault(self, faults: Sequence[T]) -> T | None:
        """Return None, or one of `faults`, which costs one of the budget; always None once the budget is spent."""
        if not self.budget or not faults:
            return None
        chosen = self._next(len(faults) + 1)
        if chosen == 0:
            return None
        self.budget -= 1
        return faults[chosen - 1]

    def turn(self) -> bool:
        """Return False, and in another run True: for something that may happen now or later."""
        return self._next(2) == 1

    def pick(self, options: Sequence[T]) -> T:
        """Return the first of one or more options, and in another run each of the others; free like a turn."""
        return options[self._next(len(options)) if len(options) > 1 else 0]

    def next_path(self) -> list[int] | None:
        """Return the path of the run after this one; None after the last."""
        path = self._path[: len(self._widths)]
        while path and path[-1] + 1 == self._widths[len(path) - 1]:
            path.pop()
        return [*path[:-1], path[-1] + 1] if path else None

    def _next(self, width: int) -> int:
        position = len(self._widths)
        self._widths.append(width)
        if position == len(self._path):
            self._path.append(0)
        return self._path[position]


def all_ways(run: Callable[[Choices], T], budget: int) -> Iterator[T]:
    """Yield the result of `run` for every path with at most `budget` faults."""
    path: list[int] | None = []
    while path is not None:
        choices = Choices(path, budget)
        yield run(choices)
        path = choices.next_path()
