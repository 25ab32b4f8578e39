"""`express-sync submit`: sends requests from files to the request queue, and can wait for their outcomes."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

import click

from express_sync.ops import system
from express_sync.ops.commands.deferrals import limit_of
from express_sync.ops.commands.options import Deadline, dry_run_option, wait_options
from express_sync.ops.commands.target_options import changes_target
from express_sync.ops.outcomes.display import OutcomePrinter
from express_sync.ops.outcomes.waiting import await_outcomes
from express_sync.ops.queues.batching import batches
from express_sync.ops.queues.client import Queue
from express_sync.ops.requests.files import ENVELOPES, STANDARD_INPUT, Submission, submissions
from express_sync.ops.requests.violations import print_violations
from express_sync.ops.targets.listening import outcomes_of
from express_sync.ops.targets.regions import meant_region
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.printable import printable
from express_sync.ops.terminal.progress_bar import progress_bar

Report = Callable[[Submission, str], None]


@click.command()
@click.argument("paths", nargs=-1)
@click.option(
    "--envelope",
    type=click.Choice(ENVELOPES),
    default="plain",
    show_default=True,
    help="How to encode the bodies.",
)
@click.option("--skip-invalid", is_flag=True, help="Send the valid requests even if others are invalid.")
@dry_run_option
@wait_options
@changes_target("sends requests to it")
def submit(
    target: Target,
    paths: tuple[str, ...],
    *,
    envelope: str,
    skip_invalid: bool,
    dry_run: bool,
    wait: bool,
    timeout_seconds: float,
    as_json: bool,
) -> None:
    """Validate the requests in PATHS (- or nothing for standard input) and send them to the request queue.

    A file contains a JSON object, an array of objects, or JSON Lines. All requests are validated first, exactly as the
    function does it; unless all are valid, nothing is sent. Sending the same request again is always safe.

    \b
    Examples:
      express-sync submit events/requests/minimal.json --wait
      express-sync submit monday.json tuesday.jsonl
      jq -c '.orders[]' export.json | express-sync submit --json

    \b
    Exit codes:
      0    all requests were sent; with --wait: all succeeded
      1    a request is invalid; with --wait: or one did not succeed
      2    not possible; one sentence says why
      3    the time ran out before every outcome had arrived
      130  interrupted
    """
    valid, invalid = _validated(_paths(paths), envelope)
    for each in invalid:
        print_violations(each.place, each.violations)
    if invalid and not skip_invalid:
        total = output.counted(len(valid) + len(invalid), "request")
        output.notice(f"Nothing was sent: {len(invalid)} of {total} {'is' if len(invalid) == 1 else 'are'} invalid.")
        exit_with(ExitCode.UNSUCCESSFUL)
    _warn_of_regions(valid)
    if dry_run:
        _preview(target, valid, as_json=as_json)
    elif wait:
        _send_and_wait(target, valid, Deadline(timeout_seconds), as_json=as_json)
    else:
        _send(target.requests, valid, partial(_report, as_json=as_json))
        output.notice(f"{output.counted(len(valid), 'request')} sent to {target.requests.name}.")
    exit_with(ExitCode.UNSUCCESSFUL if invalid else ExitCode.DONE)


def _warn_of_regions(requests: Sequence[Submission]) -> None:
    """Name misspelt regions, which only the API refuses, and send them nevertheless: a region may be new."""
    regions = {str(request.document.get("bucketRegion", "")): request.place for request in reversed(requests)}
    for region, place in regions.items():
        if meant := meant_region(region):
            output.notice(f"{place}: bucketRegion {printable(region)!r} is not known; did you mean {meant}?")


def _send_and_wait(target: Target, requests: Sequence[Submission], left: Deadline, *, as_json: bool) -> None:
    """Listen first, so that no outcome is missed, then send, then wait."""
    target = target.within(left)
    printer = OutcomePrinter(as_json=as_json, max_deferrals=limit_of(target))
    with outcomes_of(target, system.environment) as outcomes:
        sent = _send(target.requests, requests, _report_nothing)
        left.restart()
        await_outcomes(outcomes.mailbox, sent, left, printer)


def _preview(target: Target, requests: Sequence[Submission], *, as_json: bool) -> None:
    for request in requests:
        _report(request, "", as_json=as_json)
    count = output.counted(len(requests), "request")
    output.notice(f"{count} would be sent to {target.requests.name}. Nothing was changed.")


def _paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    if not paths and sys.stdin.isatty():
        raise CliError("Name the files with the requests, or pipe requests to standard input.")
    return paths or (STANDARD_INPUT,)


def _validated(paths: tuple[str, ...], envelope: str) -> tuple[list[Submission], list[Submission]]:
    """Return the valid requests and the invalid ones."""
    valid: list[Submission] = []
    invalid: list[Submission] = []
    for each in submissions(paths, envelope):
        (invalid if each.violations else valid).append(each)
    return valid, invalid


def _report(request: Submission, message_id: str, *, as_json: bool) -> None:
    if as_json:
        sent = {"messageId": message_id} if message_id else {}
        output.json_line({**sent, "requestId": request.request_id, "place": request.place})
    else:
        words = filter(None, (message_id, request.request_id, request.place))
        output.print_line(printable("  ".join(words)))


def _report_nothing(_request: Submission, _message_id: str) -> None:
    """Print nothing; with --wait the outcomes are printed instead."""


def _send(queue: Queue, requests: Sequence[Submission], report: Report) -> list[str]:
    """Send all requests in batches, report each, and return the message ids."""
    sent: list[str] = []
    with progress_bar() as progress:
        task = progress.add_task("Sending", total=len(requests))
        try:
            for batch in batches((request, request.body) for request in requests):
                message_ids = queue.send([body for _, body in batch])
                sent.extend(message_ids)
                for (request, _), message_id in zip(batch, message_ids, strict=True):
                    report(request, message_id)
                progress.advance(task, len(batch))
        except BaseException:
            if sent:
                output.notice(f"{len(sent)} of {len(requests)} requests were sent; sending all of them again is safe.")
            raise
    return sent
