"""What a load costs: a table computed from measured figures and documented limits. docs/scale.md contains it."""

import math
from dataclasses import dataclass

from handler.provisioning.retry import Backoff

DAY_S = 86_400
# From template.yml.
BATCH, WINDOW_S, MEMORY_GB, VCPU = 16, 1.0, 0.25, 0.25
BACKOFF = Backoff(attempts=5, base_seconds=0.5, cap_seconds=8)
# Measured (docs/performance.md): two round trips of 20 ms and the local services; CPU for one message and a cold start.
WARM_S, CPU_S, COLD_CPU_S = 0.05, 0.0011, 0.17
# Documented: SMQ's requests per second and account, https://help.aliyun.com/zh/mns (batches count each message).
SMQ_TPS = 20_000
PEAK_FACTOR = 10  # how much busier the busiest minute is than the average; an assumption
LOADS = (10, 1_000, 1_000_000)
HEADS = ("Requests a day", "Peak", "Batch", "Instances", "GB-seconds a day", "SMQ calls a day", "of SMQ's limit")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of requests a day costs."""

    requests: int

    @property
    def peak_rate(self) -> float:
        """Return requests per second in the busiest minute."""
        return self.requests / DAY_S * PEAK_FACTOR

    @property
    def batch(self) -> float:
        """Return messages per invocation on average: those of one window of the trigger."""
        return min(BATCH, max(1.0, self.requests / DAY_S * WINDOW_S))

    @property
    def invocations(self) -> float:
        """Return invocations per day."""
        return self.requests / self.batch

    @property
    def invocation_seconds(self) -> float:
        """Return how long one takes: round trips and CPU on a part of a core; alone in its minutes, it starts cold."""
        is_cold = self.invocations < DAY_S / 300
        return WARM_S + (self.batch * CPU_S + COLD_CPU_S * is_cold) / VCPU

    @property
    def gb_seconds(self) -> float:
        """Return the billed GB-seconds per day."""
        return self.invocations * self.invocation_seconds * MEMORY_GB

    @property
    def instances(self) -> int:
        """Return the instances that are busy at the peak."""
        peak_batch = min(BATCH, max(1.0, self.peak_rate * WINDOW_S))
        return math.ceil(self.peak_rate / peak_batch * (WARM_S + peak_batch * CPU_S / VCPU))

    @property
    def smq_calls(self) -> float:
        """Return SMQ requests per day: send, receive and delete (in batches), publish, and the same by a listener."""
        return self.requests * (1 + 2 / self.batch + 1 + 2 / self.batch)

    def row(self) -> tuple[str, ...]:
        """Return the row of the table, under HEADS."""
        return (
            f"{self.requests:,}",
            f"{self.peak_rate:.3g}/s",
            f"{self.batch:.1f}",
            f"{self.instances}",
            f"{self.gb_seconds:,.3g}",
            f"{self.smq_calls:,.0f}",
            f"{self.peak_rate * 6 / SMQ_TPS:.2%}",
        )
