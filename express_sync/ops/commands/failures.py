"""`express-sync failures`: lists failures, shows them in detail, or discards them."""

from collections.abc import Iterator
from datetime import datetime

import click

from express_sync.ops.commands.failures_discard import discard
from express_sync.ops.commands.options import events_as_json
from express_sync.ops.commands.target_options import reads_target_unless
from express_sync.ops.queues.batching import MAX_MESSAGES
from express_sync.ops.replay.display import FailureListing, command_for, details, document
from express_sync.ops.replay.failures import Failure, NotAFailure
from express_sync.ops.replay.history import History, history_of
from express_sync.ops.replay.options import Selection, is_from_file, selection_options
from express_sync.ops.replay.sources import FAILURES, Source, description, opened
from express_sync.ops.replay.survey import Survey
from express_sync.ops.targets.target import LOCAL, Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with


@click.group()
def failures() -> None:
    """Show what failed, and what to do about it. Only `discard` removes messages from their queue.

    Peeking at an SMQ queue shows its first 16 messages only. So all messages are received, held while the command
    runs, and returned at its end or at Ctrl-C. Until then no other reader sees them; if the command is killed, they
    become visible again after the queue's visibility timeout. Each read counts as one receive of a message.

    \b
    Examples:
      express-sync failures list
      express-sync failures list --code RoleNotExist --json > failures.jsonl
      express-sync failures show REQ-2026-000731

    \b
    Exit codes:
      0    shown, or no failure was found
      1    none was selected although there are some, or one cannot be read
      2    not possible; one sentence says why
      130  interrupted
    """


@failures.command("list", short_help="List failures, and count them by error code.")
@click.option("--by", "group_by", type=click.Choice(("code",)), help="Show one line for each error code instead.")
@click.option("--all", "with_stale", is_flag=True, help="Also list failures whose request has succeeded since.")
@events_as_json
@reads_target_unless(is_from_file)
@selection_options
def list_failures(
    target: Target | None, selection: Selection, *, group_by: str | None, with_stale: bool, as_json: bool
) -> None:
    """List failures in the order of their queue, then deferred requests, and count them by error code.

    Deferred requests are retried automatically. They, and the failures whose request has succeeded since and which are
    left out, are known as far as the result queue still has the outcomes. With --json each line is the event of an
    outcome; a file of such lines can be passed to `replay --from`. No cloud is needed to list the failures in a file.

    \b
    Examples:
      express-sync failures list
      express-sync failures list --by code
      express-sync failures list --code RoleNotExist --older-than 1h
      express-sync failures list --name 'design-*' --json > failures.jsonl

    \b
    Exit codes:
      0    listed, or no failure was found
      1    none was selected although there are some, or one cannot be read
      2    not possible; one sentence says why
      130  interrupted
    """
    history = history_of(target) if target and selection.source == FAILURES else History()
    now = selection.now(target)
    listing = FailureListing(now, group_by=group_by, as_json=as_json)
    survey = Survey(selection, history, listing, now, with_stale=with_stale)
    with opened(target, selection.source) as source:
        for place, each in _contents(source):
            survey.take(place, each)
    survey.take_deferred()
    listing.finish()
    output.notice(survey.summary(description(selection.source), source.held))
    exit_with(ExitCode.UNSUCCESSFUL if survey.unreadable or survey.is_none_selected else ExitCode.DONE)


@failures.command("show", short_help="Show everything known about a failure, and what to do.")
@click.argument("request_id")
@events_as_json
@reads_target_unless(is_from_file)
@selection_options
def show_failure(target: Target | None, selection: Selection, *, request_id: str, as_json: bool) -> None:
    """Show everything known about the failures of the request REQUEST_ID, what to do, and the command to type.

    \b
    Examples:
      express-sync failures show REQ-2026-000731
      express-sync failures show REQ-2026-000731 --from dead-letters
      express-sync failures show REQ-2026-000731 --json | jq .data.error

    \b
    Exit codes:
      0    shown
      1    no matching failure was found
      2    not possible; one sentence says why
      130  interrupted
    """
    now = selection.now(target)
    found: list[Failure] = []
    with opened(target, selection.source) as source:
        for _, each in _contents(source):
            if isinstance(each, Failure) and each.request_id == request_id and selection.filter.matches(each, now):
                found.append(each)
    history = history_of(target) if target and found else History()
    for each in found:
        _show(each, history.success_after(each), target, as_json=as_json)
    if not found:
        held = f"; {source.held} held by another reader" if source.held else ""
        output.notice(f"No matching failure of {request_id!r} was found in {description(selection.source)}{held}.")
        output.notice("See `express-sync failures list`, or look elsewhere with --from.")
        exit_with(ExitCode.UNSUCCESSFUL)


def _contents(source: Source) -> Iterator[tuple[str, Failure | NotAFailure]]:
    """Yield everything in a source with its place."""
    while page := source.take(MAX_MESSAGES):
        yield from ((found.place, each) for found in page for each in found.contents)


def _show(failure: Failure, success: datetime | None, target: Target | None, *, as_json: bool) -> None:
    if as_json:
        output.json_line(document(failure))
        return
    profile = target.name if target and target.name != LOCAL else ""
    for line in details(failure, command_for(failure, profile, is_stale=success is not None)):
        output.print_line(line)
    if success:
        output.notice(f"This failure is out of date: the request has succeeded since, at {success:%Y-%m-%dT%H:%M:%SZ}.")


failures.add_command(discard)
