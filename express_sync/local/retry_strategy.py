"""The waits before each retry of a trigger's push and of a topic's notification; randomness is passed in.

Reproduces the two documented strategies: three retries after 10 to 20 seconds each, and 176 retries after 1, 2, 4 ...
256 and then 512 seconds, which is about a day.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import repeat

Uniform = Callable[[float, float], float]


def _backoff(uniform: Uniform) -> Iterator[float]:
    return (uniform(10, 20) for _ in range(3))


def _exponential_decay(_uniform: Uniform) -> Iterator[float]:
    yield from (2.0**power for power in range(9))
    yield from repeat(512.0, 167)


STRATEGIES: Mapping[str, Callable[[Uniform], Iterator[float]]] = {
    "BACKOFF_RETRY": _backoff,
    "EXPONENTIAL_DECAY_RETRY": _exponential_decay,
}


def waits(strategy: str, uniform: Uniform) -> Iterator[float]:
    """Return the seconds before each retry, in order."""
    return STRATEGIES[strategy](uniform)
