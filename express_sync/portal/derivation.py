"""Derives the status of a request from the events on its submissions, by the rule in docs/guarantees.md.

Pure: the result depends on the set of events and on the portal's own records, never on the order of arrival.
"""

from collections.abc import Collection
from dataclasses import dataclass

ACCEPTED = "accepted"  # the portal's own status: submitted, without an outcome yet
SUCCEEDED, INDETERMINATE, DEFERRED = "succeeded", "indeterminate", "deferred"
STATUSES = (ACCEPTED, DEFERRED, SUCCEEDED, "rejected", "failed", INDETERMINATE)
FAILURES = ("failed", INDETERMINATE)
_UNDER_WAY = frozenset({ACCEPTED, DEFERRED})
_DEFINITE = frozenset({SUCCEEDED, "rejected", "failed"})


@dataclass(frozen=True, slots=True)
class Submission:
    """What holds for one submission of a request.

    `rank` is the sequence and the id of the event that holds, and `position` its place in the portal's log. `informed`
    is the position of the log when the portal recorded the submission, 0 for one that came past the portal: every
    event up to there was known to whoever submitted.
    """

    submission_id: str
    began_at_ms: int
    status: str = ACCEPTED
    rank: tuple[str, str] = ("", "")
    position: int = 0
    informed: int = 0

    @property
    def is_under_way(self) -> bool:
        """Return whether another event follows without anybody's action."""
        return self.status in _UNDER_WAY


@dataclass(frozen=True, slots=True)
class RequestState:
    """The status of a request, the submission that decides it, and whether the status is terminal."""

    status: str
    deciding: Submission
    terminal: bool


def state(submissions: Collection[Submission]) -> RequestState:
    """Return the state of a request with these submissions, of which there is at least one.

    A success of one is a success of the request. Otherwise a doubt about one is a doubt about the request, unless a
    submission that was made in knowledge of it has a definite verdict. Otherwise the last submission decides.
    """
    deciding = _deciding(submissions)
    is_terminal = deciding.status == SUCCEEDED or not any(each.is_under_way for each in submissions)
    return RequestState(deciding.status, deciding, is_terminal)


def _deciding(submissions: Collection[Submission]) -> Submission:
    successes = [each for each in submissions if each.status == SUCCEEDED]
    if successes:
        return min(successes, key=_order)
    doubts = [each for each in submissions if each.status == INDETERMINATE and not _is_settled(each, submissions)]
    return max(doubts or submissions, key=_order)


def _is_settled(doubt: Submission, submissions: Collection[Submission]) -> bool:
    return any(each.status in _DEFINITE and each.informed >= doubt.position for each in submissions)


def _order(submission: Submission) -> tuple[int, str]:
    return submission.began_at_ms, submission.submission_id
