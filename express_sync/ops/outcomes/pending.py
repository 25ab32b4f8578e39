"""Submissions that have no final outcome yet, and the outcomes that settle them.

An outcome names its submission, through every deferral and redelivery. Outcomes of other submissions stay in the queue.
"""

from collections.abc import Callable, Iterable, Iterator

from express_sync.ops.outcomes.reader import Mailbox, Outcome, arrivals


class Pending:
    """The submissions that wait for their final outcome: ids of messages that were sent, or of replays."""

    def __init__(self, submission_ids: Iterable[str]) -> None:
        self._waiting = set(submission_ids)

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, outcome: Outcome) -> bool:
        """Return whether this outcome settles a submission, which then waits no longer."""
        if not outcome.is_final or outcome.submission_id not in self._waiting:
            return False
        self._waiting.remove(outcome.submission_id)
        return True


def settle(results: Mailbox, pending: Pending, seconds_left: Callable[[], float]) -> Iterator[Outcome]:
    """Yield the final outcome of each pending submission as it comes, until all have theirs or no seconds are left.

    What was yielded is deleted from the queue once the whole poll has been looked at.
    """
    for arrived in arrivals(results, lambda: seconds_left() if len(pending) else 0.0):
        done = []
        for arrival in arrived:
            if arrival.outcome and pending.take(arrival.outcome):
                yield arrival.outcome
                done.append(arrival.message.receipt_handle)
        if done:
            results.delete(done)
