"""Hundreds of requests under random faults, kills and restarts break no invariant; `make storm` sends 2,000."""

from pathlib import Path

import pytest

from tests.system.storm.plan import plan_storm
from tests.system.storm.run import run_storm

pytestmark = pytest.mark.long

SEED, REQUESTS = 20261125, 300
SEED_WITH_FOREIGN_GROUPS = 20261141  # its few requests include some whose group exists already
DISTURBANCES = (
    *("processes killed", "processes timed out", "processes frozen", "services restarted"),
    *("silent lookups", "requests requeued"),
)


def test_invariants_hold_in_a_storm(tmp_path: Path) -> None:
    result = run_storm(SEED, REQUESTS, tmp_path)
    assert result.contradictions == []
    assert result.leaks == []
    assert 0 not in {name: result.counts[name] for name in DISTURBANCES}.values()


def test_invariants_hold_in_a_storm_under_policy_owned(tmp_path: Path) -> None:
    """The function never adopts a group that another request has made."""
    assert "identical" in {planned.kind for planned in plan_storm(SEED_WITH_FOREIGN_GROUPS, 48).plans}
    result = run_storm(SEED_WITH_FOREIGN_GROUPS, 48, tmp_path, "owned")
    assert result.contradictions == []
    assert result.leaks == []
    assert result.counts["processes killed"] != 0


def test_invariants_hold_in_a_storm_in_pull_intake(tmp_path: Path) -> None:
    """The messages of a killed drain become visible again."""
    result = run_storm(SEED, 64, tmp_path, is_pulled=True)
    assert result.contradictions == []
    assert result.leaks == []
    assert result.counts["processes killed"] != 0
