"""The clock of the handler, moved by hand."""

from dataclasses import dataclass, field


@dataclass
class ManualClock:
    """Time that only `sleep` and the test move; every random number is at `fraction` of its range."""

    instant: float = 1000.0
    fraction: float = 1.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.instant

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.instant += seconds

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.fraction
