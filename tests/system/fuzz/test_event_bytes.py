"""Any event bytes lead to one valid outcome for each message, or to the execution of commands; no hang, no
growth, and no exception except the one that has the event redelivered.

FUZZ_EXAMPLES sets the number of inputs, FUZZ_SEED their beginning. They are made in rounds, so that the
memory of Hypothesis is released and the measured growth is that of the function.
"""

import gc
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.system.fuzz.events import events
from tests.system.fuzz.target import Target

pytestmark = pytest.mark.long

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1500"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
ROUND = 500
MAX_CPU_SECONDS = 30.0  # which only a hang takes: it is a tenth of a second on an idle machine
MAX_GROWTH_MIB = 48.0


def feed_round(target: Target, number: int, strategy: st.SearchStrategy[bytes]) -> None:
    """Feed one round of inputs, the same for the same number."""

    @seed(SEED + number)
    @settings(max_examples=ROUND, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def feed(event: bytes) -> None:
        target.feed(event)

    feed()


def resident_mib() -> float:
    """Return the resident memory of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.timeout(1800 + EXAMPLES // 10)
def test_no_bytes_break_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    target, strategy, began = Target(), events(), time.monotonic()
    feed_round(target, 0, strategy)
    before = resident_mib()
    for number in range(1, max(2, EXAMPLES // ROUND)):
        feed_round(target, number, strategy)
    growth = resident_mib() - before
    with capsys.disabled():
        sys.stdout.write(
            f"\nFuzzing from seed {SEED}: {target.fed} inputs, {target.published} publications "
            f"{dict(target.statuses)}, commands {dict(target.commands)}, "
            f"{time.monotonic() - began:.0f} s, slowest {target.slowest_seconds:.3f} s CPU, grown {growth:.1f} MiB\n"
        )
    assert {*target.statuses} == {"succeeded", "rejected", "deferred", "failed", "indeterminate", "to come back"}
    assert {*target.commands} == {"drain", "refusal"}, "the inputs do not cover every command"
    assert target.slowest_seconds < MAX_CPU_SECONDS
    assert growth < MAX_GROWTH_MIB
