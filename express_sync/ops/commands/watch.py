"""`express-sync watch`: outcomes as they come."""

import time
from collections.abc import Callable
from functools import partial

import click
from rich.text import Text

from express_sync.ops.outcomes.reader import Arrival, Mailbox, Outcome, arrivals
from express_sync.ops.targets.target import Target, on_target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.option_types import POSITIVE


@click.command(short_help="Show outcomes as they come.")
@click.option("--count", type=click.IntRange(1), help="End after so many outcomes.")
@click.option("--timeout", "timeout_seconds", type=POSITIVE, help="End after so many seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print each outcome event as one line of JSON.")
@on_target("takes outcomes out of its result queue")
def watch(target: Target, count: int | None, timeout_seconds: float | None, as_json: bool) -> None:
    """Show outcomes from the result queue as they come, until Ctrl-C.

    Each verdict is shown once, and its message is deleted from the queue when it has been shown. Messages that are
    no outcomes are left where they are.

    \b
    Examples:
      express-sync watch
      express-sync watch --count 1 --timeout 30 --json | jq -r .data.expressSyncId

    \b
    Exit codes:
      0    as many as asked for; without --count: time is up
      2    not possible; one sentence says why
      3    time ran out before --count
      130  interrupted
    """
    results = target.results
    if not as_json:
        output.print_line(Text(output.OUTCOME_HEADING, style="bold"))
    display = partial(output.outcome, as_json=as_json)
    shown = _take(results, count, _seconds_left(timeout_seconds), display)
    if count is not None and shown < count:
        output.info(f"Time ran out after {shown} of {count} outcomes.")
        exit_with(ExitCode.OUT_OF_TIME)


def _take(
    results: Mailbox, count: int | None, seconds_left: Callable[[], float], display: Callable[[Outcome], None]
) -> int:
    """Display each verdict once and delete what was displayed; say how many."""
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
    """Display what is new, up to `count` in all; the receipt handles of what may now be deleted."""
    done = []
    for arrival in arrived:
        if count is not None and len(seen) >= count:
            break
        if arrival.outcome is None:
            output.info(f"Message {arrival.message.message_id} is no outcome; it stays in the queue.")
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
