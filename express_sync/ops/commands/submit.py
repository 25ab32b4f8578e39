"""`express-sync submit`: sends requests from files to the request queue, and can wait for their outcomes."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

import click
from rich.progress import Progress

from express_sync.ops.commands.options import wait_options
from express_sync.ops.commands.target_options import changes_target
from express_sync.ops.outcomes.waiting import conclude, follow
from express_sync.ops.queues.batching import batches
from express_sync.ops.queues.client import Queue
from express_sync.ops.requests.files import ENVELOPES, STANDARD_INPUT, Submission, submissions
from express_sync.ops.requests.violations import print_violations
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from handler.smq.client import SmqError

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
@wait_options
@changes_target("sends requests to it")
def submit(
    target: Target,
    paths: tuple[str, ...],
    *,
    envelope: str,
    skip_invalid: bool,
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
    results = target.results if wait else None
    valid, invalid = _validated(_paths(paths), envelope)
    for each in invalid:
        print_violations(each.place, each.violations)
    if invalid and not skip_invalid:
        total = output.counted(len(valid) + len(invalid), "request")
        output.notice(f"Nothing was sent: {len(invalid)} of {total} {'is' if len(invalid) == 1 else 'are'} invalid.")
        exit_with(ExitCode.UNSUCCESSFUL)
    report = _report_nothing if wait else partial(_report, as_json=as_json)
    with output.progress() as progress:
        sent = _send(target.requests, valid, progress, report)
        if results:
            counts = follow(results, sent, timeout_seconds, progress, as_json=as_json)
    if results:
        conclude(len(sent), counts)
    exit_with(ExitCode.UNSUCCESSFUL if invalid else ExitCode.DONE)


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
        output.json_line({"messageId": message_id, "requestId": request.request_id, "place": request.place})
    else:
        output.print_line(output.printable(f"{message_id}  {request.request_id}  {request.place}"))


def _report_nothing(_request: Submission, _message_id: str) -> None:
    """Print nothing; with --wait the outcomes are printed instead."""


def _send(queue: Queue, requests: Sequence[Submission], progress: Progress, report: Report) -> list[str]:
    """Send all requests in batches, report each, and return the message ids."""
    task = progress.add_task("Sending", total=len(requests))
    sent: list[str] = []
    for batch in batches((request, request.body) for request in requests):
        try:
            message_ids = queue.send([body for _, body in batch])
        except SmqError:
            if sent:
                output.notice(f"{len(sent)} of {len(requests)} requests were sent; sending all of them again is safe.")
            raise
        for (request, _), message_id in zip(batch, message_ids, strict=True):
            report(request, message_id)
        sent.extend(message_ids)
        progress.advance(task, len(batch))
    return sent
