"""Hundreds of requests under a storm of every fault, kill and restart: no silence, no lie, no loss, no leak."""

from pathlib import Path

import pytest

from tests.system.storm.forecast import forecast
from tests.system.storm.tempest import survive

SEED = 20261123
SEED_WITH_STRANGERS = 20261141  # it has identical groups of somebody else among its few
HAPPENINGS = ("processes killed", "processes timed out", "services restarted", "silent looks", "requests sent back")


def test_every_promise_holds_in_a_storm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survived = survive(SEED, 300, tmp_path)
    with capsys.disabled():
        print(f"\nStorm of seed {SEED} survived:\n{survived}")  # noqa: T201 - each run says what it survived
    assert survived.contradictions == []
    assert survived.leaks == []
    assert 0 not in {name: survived.counts[name] for name in HAPPENINGS}.values()


def test_every_promise_holds_in_a_storm_in_which_each_request_owns_its_group(tmp_path: Path) -> None:
    """A smaller one, under the policy `owned`: a group that somebody else has made is never called its own."""
    assert "identical" in {planned.kind for planned in forecast(SEED_WITH_STRANGERS, 48).plans}
    survived = survive(SEED_WITH_STRANGERS, 48, tmp_path, "owned")
    assert survived.contradictions == []
    assert survived.leaks == []
    assert survived.counts["processes killed"] != 0


def test_every_promise_holds_in_a_storm_in_which_the_function_takes_the_messages_itself(tmp_path: Path) -> None:
    """On a timer's order, without a trigger: what a killed drain has held comes back."""
    survived = survive(SEED, 64, tmp_path, is_pulled=True)
    assert survived.contradictions == []
    assert survived.leaks == []
    assert survived.counts["processes killed"] != 0
