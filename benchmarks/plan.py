"""How often each thing is measured: for figures to publish, or for a quick look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds of each measurement; medians of few rounds scatter more."""

    import_rounds: int
    cold_rounds: int
    warm_rounds: int
    cpu_rounds: int
    cpu_batches: int
    throughput_rounds: int
    throughput_requests: int
    memory_messages: int
    queue_rounds: int
    queue_lengths: tuple[int, int]


FULL = Plan(
    import_rounds=9,
    cold_rounds=9,
    warm_rounds=31,
    cpu_rounds=7,
    cpu_batches=20,
    throughput_rounds=5,
    throughput_requests=960,
    memory_messages=10_000,
    queue_rounds=200,
    queue_lengths=(1_000, 100_000),
)
QUICK = Plan(
    import_rounds=3,
    cold_rounds=3,
    warm_rounds=9,
    cpu_rounds=3,
    cpu_batches=10,
    throughput_rounds=3,
    throughput_requests=320,
    memory_messages=2_000,
    queue_rounds=40,
    queue_lengths=(1_000, 10_000),
)
