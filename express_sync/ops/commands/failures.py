"""`express-sync failures`: lists failures or shows them in detail; they stay in their queue."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone

import click

from express_sync.ops.commands.options import events_as_json
from express_sync.ops.commands.target_options import reads_target_unless
from express_sync.ops.queues.batching import MAX_MESSAGES
from express_sync.ops.replay.display import COLUMNS, cells, details, document
from express_sync.ops.replay.failures import Failure, NotAFailure
from express_sync.ops.replay.options import Selection, is_from_file, selection_options
from express_sync.ops.replay.sources import Source, opened
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.columns import Listing
from express_sync.ops.terminal.errors import ExitCode, exit_with


@click.group()
def failures() -> None:
    """Show what failed, and what to do about it. No message is removed from its queue.

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
@events_as_json
@reads_target_unless(is_from_file)
@selection_options
def list_failures(target: Target | None, selection: Selection, *, as_json: bool) -> None:
    """List failures in the order of their queue, and count them by error code.

    With --json each line is the event of an outcome; a file of such lines can be passed to `replay --from`. No cloud is
    needed to list the failures in a file.

    \b
    Examples:
      express-sync failures list
      express-sync failures list --code RoleNotExist --older-than 1h
      express-sync failures list --name 'design-*' --json > failures.jsonl

    \b
    Exit codes:
      0    listed, or no failure was found
      1    none was selected although there are some, or one cannot be read
      2    not possible; one sentence says why
      130  interrupted
    """
    now = datetime.now(timezone.utc)
    codes: Counter[str] = Counter()
    found = unreadable = 0
    listing = Listing(COLUMNS, output.results().width)
    with opened(target, selection.source) as source:
        for place, each in _contents(source):
            if isinstance(each, NotAFailure):
                unreadable += each.is_unreadable
                output.notice(selection.skipped(place, each.why))
                continue
            found += 1
            if selection.filter.matches(each, now):
                _print(each, listing, as_json=as_json, is_first=not codes)
                codes[each.code or each.status] += 1
    output.notice(_summary(found, unreadable, codes, selection))
    is_none_selected = found and not codes
    exit_with(ExitCode.UNSUCCESSFUL if unreadable or is_none_selected else ExitCode.DONE)


@failures.command("show", short_help="Show everything known about a failure, and what to do.")
@click.argument("request_id")
@events_as_json
@reads_target_unless(is_from_file)
@selection_options
def show_failure(target: Target | None, selection: Selection, *, request_id: str, as_json: bool) -> None:
    """Show everything known about the failures of the request REQUEST_ID, and what to do about them.

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
    now = datetime.now(timezone.utc)
    is_found = False
    with opened(target, selection.source) as source:
        for _, each in _contents(source):
            if isinstance(each, Failure) and each.request_id == request_id and selection.filter.matches(each, now):
                is_found = True
                _show(each, as_json=as_json)
    if not is_found:
        output.notice(f"No matching failure of {request_id!r} was found in {_description(selection.source)}.")
        exit_with(ExitCode.UNSUCCESSFUL)


def _contents(source: Source) -> Iterator[tuple[str, Failure | NotAFailure]]:
    """Yield everything in a source with its place."""
    while page := source.take(MAX_MESSAGES):
        yield from ((found.place, each) for found in page for each in found.contents)


def _print(failure: Failure, listing: Listing, *, as_json: bool, is_first: bool) -> None:
    if as_json:
        output.json_line(document(failure))
        return
    if is_first:
        output.print_line(listing.heading())
    output.print_line(listing.line(*cells(failure)))


def _show(failure: Failure, *, as_json: bool) -> None:
    if as_json:
        output.json_line(document(failure))
        return
    for line in details(failure):
        output.print_line(line)


def _summary(found: int, unreadable: int, codes: Counter[str], selection: Selection) -> str:
    """Return the counts by code, or why nothing is listed."""
    tail = f"; {unreadable} unreadable." if unreadable else "."
    if codes:
        counts = ", ".join(f"{count} {code}" for code, count in codes.most_common())
        return f"{output.counted(codes.total(), 'failure')}: {counts}{tail}"
    place = _description(selection.source)
    if found:
        return f"The filter matches none of {output.counted(found, 'failure')} in {place}{tail}"
    return f"No failures in {place}{tail}"


def _description(source: str) -> str:
    names = {"failures": "the failure queue", "dead-letters": "the dead-letter queue", "-": "standard input"}
    return names.get(source, source)
