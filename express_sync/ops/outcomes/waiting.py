"""Waits for the final outcomes of submissions, shows them, and ends the command according to them.

Every outcome names its submission, also after deferrals and redeliveries. Outcomes of other submissions stay in the
queue.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.progress import Progress

from express_sync.ops.outcomes.display import OutcomePrinter
from express_sync.ops.outcomes.reader import Mailbox, Outcome, arrivals
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with


class Pending:
    """Submissions without a final outcome: ids of messages that were sent, or of replays."""

    def __init__(self, submission_ids: Iterable[str]) -> None:
        self._waiting = set(submission_ids)

    def __len__(self) -> int:
        return len(self._waiting)

    def settle(self, outcome: Outcome) -> bool:
        """Remove the submission that this outcome is the final one of; return whether there was one."""
        if not outcome.is_final or outcome.submission_id not in self._waiting:
            return False
        self._waiting.remove(outcome.submission_id)
        return True


def final_outcomes(results: Mailbox, pending: Pending, seconds_left: Callable[[], float]) -> Iterator[Outcome]:
    """Yield the final outcome of each pending submission as it arrives, until none is pending or no seconds are left.

    The messages of the yielded outcomes are deleted after each poll.
    """
    for arrived in arrivals(results, lambda: seconds_left() if len(pending) else 0.0):
        done = []
        for arrival in arrived:
            if arrival.outcome and pending.settle(arrival.outcome):
                yield arrival.outcome
                done.append(arrival.message.receipt_handle)
        if done:
            results.delete(done)


def follow(
    results: Mailbox, sent: Sequence[str], timeout_seconds: float, progress: Progress, *, as_json: bool
) -> Counter[str]:
    """Show the final outcome of every submission as it arrives; return the count of each status."""
    task = progress.add_task("Outcomes", total=len(sent))
    until = time.monotonic() + timeout_seconds
    printer = OutcomePrinter(as_json=as_json)
    printer.heading()
    counts: Counter[str] = Counter()
    for outcome in final_outcomes(results, Pending(sent), lambda: until - time.monotonic()):
        printer.outcome(outcome)
        counts[outcome.status] += 1
        progress.advance(task)
    return counts


def conclude(sent: int, counts: Counter[str]) -> None:
    """Print the counts, and end the command unless every request succeeded."""
    parts = [f"{count} {status}" for status, count in counts.most_common()]
    missing = sent - counts.total()
    if missing:
        parts.append(f"{missing} without an outcome yet")
    output.notice(f"{sent} sent: {', '.join(parts) or 'nothing to wait for'}.")
    if missing:
        exit_with(ExitCode.OUT_OF_TIME)
    if counts["succeeded"] < sent:
        exit_with(ExitCode.UNSUCCESSFUL)
