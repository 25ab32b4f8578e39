"""The status of a request is a function of what is known, not of the order in which it became known."""

from dataclasses import replace
from itertools import permutations, product

import pytest

from express_sync.portal.derivation import Submission, state

RANKS = {
    "accepted": ("", ""),
    "deferred": ("0000-0", "a"),
    "rejected": ("0000-1", "a"),
    "failed": ("0000-1", "b"),
    "indeterminate": ("9998-2", "a"),
    "succeeded": ("9999-3", "a"),
}


def submission(name: str, status: str, began_at_ms: int, position: int = 1, informed: int = 0) -> Submission:
    return Submission(name, began_at_ms, status, RANKS[status], position, informed)


def test_status_of_concurrent_submissions_follows_the_rule() -> None:
    """A success, else a doubt, else the last one; in any order of the rows."""
    for statuses in product(RANKS, repeat=3):
        known = [submission(str(index), status, began_at_ms=index) for index, status in enumerate(statuses)]
        expected = next((status for status in ("succeeded", "indeterminate") if status in statuses), statuses[-1])
        assert {state(order).status for order in permutations(known)} == {expected}


@pytest.mark.parametrize("later", ["rejected", "failed"])
def test_informed_verdict_settles_an_earlier_doubt(later: str) -> None:
    doubt = submission("first", "indeterminate", 1, position=5)
    assert state([doubt, submission("replay", later, 2, position=9, informed=6)]).status == later


@pytest.mark.parametrize("later", ["accepted", "deferred"])
def test_doubt_stands_until_the_replay_has_its_verdict(later: str) -> None:
    doubt = submission("first", "indeterminate", 1, position=5)
    found = state([doubt, submission("replay", later, 2, position=9, informed=6)])
    assert (found.status, found.terminal) == ("indeterminate", False)


def test_uninformed_verdict_does_not_settle_a_doubt() -> None:
    """The submission was under way before the doubt was known, or came past the portal."""
    doubt = submission("first", "indeterminate", 1, position=5)
    for informed in (0, 4):
        assert state([doubt, submission("other", "failed", 2, position=9, informed=informed)]).status == "indeterminate"


@pytest.mark.parametrize("status", RANKS)
def test_status_is_terminal_when_nothing_is_under_way(status: str) -> None:
    alone = submission("only", status, 1)
    assert state([alone]).terminal == (status not in {"accepted", "deferred"})
    other = replace(submission("other", "deferred", 0), submission_id="0")
    assert state([alone, other]).terminal == (status == "succeeded")
