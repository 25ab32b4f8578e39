"""`express-sync watch`: shows outcomes as they arrive."""

import time
from collections.abc import Callable

import click

from express_sync.ops.commands.options import events_as_json
from express_sync.ops.commands.target_options import changes_target
from express_sync.ops.outcomes.display import OutcomePrinter
from express_sync.ops.outcomes.reader import Arrival, Mailbox, Outcome, arrivals
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.option_types import POSITIVE


@click.command()
@click.option("--count", type=click.IntRange(1), help="Stop after this many outcomes.")
@click.option("--timeout", "timeout_seconds", type=POSITIVE, help="Stop after this many seconds.")
@events_as_json
@changes_target("removes outcomes from its result queue")
def watch(target: Target, count: int | None, timeout_seconds: float | None, as_json: bool) -> None:
    """Show outcomes from the result queue as they arrive, until Ctrl-C.

    Each outcome is shown once, and its message is then deleted from the queue. Messages that are not outcomes stay in
    the queue.

    \b
    Examples:
      express-sync watch
      express-sync watch --count 1 --timeout 30 --json | jq -r .data.expressSyncId

    \b
    Exit codes:
      0    --count outcomes were shown; without --count: the time is up
      2    not possible; one sentence says why
      3    the time ran out before --count outcomes were shown
      130  interrupted
    """
    results = target.results
    printer = OutcomePrinter(as_json=as_json)
    printer.heading()
    shown = _take(results, count, _seconds_left(timeout_seconds), printer.outcome)
    if count is not None and shown < count:
        output.info(f"Time ran out after {shown} of {count} outcomes.")
        exit_with(ExitCode.OUT_OF_TIME)


def _take(
    results: Mailbox, count: int | None, seconds_left: Callable[[], float], display: Callable[[Outcome], None]
) -> int:
    """Display each outcome once and delete its messages; return how many were displayed."""
    seen: set[tuple[str, str]] = set()
    for arrived in arrivals(results, seconds_left):
        done = _display_new(arrived, seen, count, display)
        if done:
            results.delete(done)
        if count is not None and len(seen) >= count:
            break
    return len(seen)


def _display_new(
    arrived: tuple[Arrival, ...],
    seen: set[tuple[str, str]],
    count: int | None,
    display: Callable[[Outcome], None],
) -> list[str]:
    """Display new outcomes, up to `count` in total; return the receipt handles of messages to delete."""
    done = []
    for arrival in arrived:
        if count is not None and len(seen) >= count:
            break
        if arrival.outcome is None:
            output.info(f"Message {arrival.message.message_id} is not an outcome; it stays in the queue.")
            continue
        if arrival.outcome.identity not in seen:
            display(arrival.outcome)
        seen.add(arrival.outcome.identity)
        done.append(arrival.message.receipt_handle)
    return done


def _seconds_left(timeout_seconds: float | None) -> Callable[[], float]:
    if timeout_seconds is None:
        return lambda: float("inf")
    until = time.monotonic() + timeout_seconds
    return lambda: until - time.monotonic()
