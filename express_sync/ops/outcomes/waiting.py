"""Outcomes of what was sent, shown as they come, and how the command ends by them. Knows no command."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.progress import Progress
from rich.text import Text

from express_sync.ops.outcomes.pending import Pending, settle
from express_sync.ops.outcomes.reader import Mailbox
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with


def follow(
    results: Mailbox, sent: Sequence[str], timeout_seconds: float, progress: Progress, *, as_json: bool
) -> Counter[str]:
    """Show the final outcome of every submission as it comes; return how many of each status came in time."""
    task = progress.add_task("Outcomes", total=len(sent))
    until = time.monotonic() + timeout_seconds
    if not as_json:
        output.print_line(Text(output.OUTCOME_HEADING, style="bold"))
    counts: Counter[str] = Counter()
    for outcome in settle(results, Pending(sent), lambda: until - time.monotonic()):
        output.outcome(outcome, as_json=as_json)
        counts[outcome.status] += 1
        progress.advance(task)
    return counts


def conclude(sent: int, counts: Counter[str]) -> None:
    """Sum up, and end the command unless every request succeeded."""
    parts = [f"{count} {status}" for status, count in counts.most_common()]
    missing = sent - counts.total()
    if missing:
        parts.append(f"{missing} without an outcome yet")
    output.notice(f"{sent} sent: {', '.join(parts) or 'nothing to wait for'}.")
    if missing:
        exit_with(ExitCode.OUT_OF_TIME)
    if counts["succeeded"] < sent:
        exit_with(ExitCode.UNSUCCESSFUL)
