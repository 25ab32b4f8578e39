"""Three hundred requests under a storm of every fault, kill and restart: no silence, no lie, no loss, no leak."""

from pathlib import Path

import pytest

from tests.storm.tempest import survive

SEED = 20261123


@pytest.mark.timeout(300)  # about 40 seconds on two free cores
def test_every_promise_holds_in_a_storm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survived = survive(SEED, 300, tmp_path)
    with capsys.disabled():
        print(f"\nStorm of seed {SEED} survived:\n{survived}")  # noqa: T201 - each run says what it survived
    assert survived.contradictions == []
    assert survived.leaks == []
    assert survived.counts["processes killed"] != 0
    assert survived.counts["processes timed out"] != 0
