"""Waits for the final outcomes of submissions, shows them, and ends the command according to them.

Every outcome names its submission, also after deferrals and redeliveries. Outcomes of other submissions stay in the
queue.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from express_sync.ops.outcomes.display import OutcomePrinter
from express_sync.ops.outcomes.reader import Mailbox, Outcome, arrivals
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.progress_bar import progress_bar


class Pending:
    """Submissions without a final outcome: ids of messages that were sent, or of replays."""

    def __init__(self, submission_ids: Iterable[str], on_deferral: Callable[[int], None] = lambda _: None) -> None:
        self._waiting = set(submission_ids)
        self._on_deferral = on_deferral
        self._deferred: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def deferred(self) -> int:
        """Return how many pending submissions are known to be deferred."""
        return len(self._deferred)

    @property
    def next_attempt(self) -> str:
        """Return the earliest next attempt of the deferred submissions, an empty text without one."""
        return min(self._deferred.values(), default="")

    def settle(self, outcome: Outcome) -> bool:
        """Remove the submission that this outcome is the final one of; return whether there was one."""
        if outcome.submission_id not in self._waiting:
            return False
        if not outcome.is_final:
            self._deferred[outcome.submission_id] = str(outcome.data.get("nextAttemptAt", ""))
            self._on_deferral(self.deferred)
            return False
        self._waiting.remove(outcome.submission_id)
        self._deferred.pop(outcome.submission_id, None)
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


def await_outcomes(
    results: Mailbox, sent: Sequence[str], seconds_left: Callable[[], float], printer: OutcomePrinter
) -> None:
    """Show the final outcome of every submission, then the counts, also if interrupted; end unless all succeeded."""
    counts: Counter[str] = Counter()
    with progress_bar() as progress:
        task = progress.add_task("Outcomes", total=len(sent))
        pending = Pending(sent, lambda count: progress.update(task, description=f"Outcomes ({count} deferred)"))
        try:
            printer.heading()
            for outcome in final_outcomes(results, pending, seconds_left):
                printer.outcome(outcome)
                counts[outcome.status] += 1
                progress.advance(task)
        except BaseException:
            output.notice(f"{_summary(len(sent), counts, pending)} See the other outcomes with `express-sync watch`.")
            raise
    output.notice(_summary(len(sent), counts, pending))
    if len(pending):
        exit_with(ExitCode.OUT_OF_TIME)
    if counts["succeeded"] < len(sent):
        exit_with(ExitCode.UNSUCCESSFUL)


def _summary(sent: int, counts: Counter[str], pending: Pending) -> str:
    """Return what became of the submissions, in one sentence."""
    parts = [f"{count} {status}" for status, count in counts.most_common()]
    if len(pending):
        parts.append(f"{len(pending)} without an outcome yet")
    if pending.deferred:
        parts.append(f"{pending.deferred} deferred until {pending.next_attempt} or later")
    return f"{sent} sent: {', '.join(parts) or 'nothing to wait for'}."
