"""`express-sync failures`: what failed and waits for somebody, listed or shown in full; the queue keeps all of it."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone

import click
from rich.text import Text

from express_sync.ops.queues.sources import Found, Source, opened
from express_sync.ops.replay.display import HEADING, details, document, row
from express_sync.ops.replay.options import Selection, is_of_a_file, selecting
from express_sync.ops.targets.target import Target, reads_target_unless
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from handler.failures import Failure, Stranger

PAGE = 16  # messages in one call


@click.group(short_help="See what failed, and what to do about it.")
def failures() -> None:
    """See what failed, and what to do about it. Nothing is ever taken out of its queue.

    SMQ shows no more than the first 16 messages of a queue to who only looks, so all messages are received, held for
    the time of the command, and given back at its end or at Ctrl-C. For that time no other reader sees them; should the
    command be killed, they come back when the queue's visibility timeout ends. Each look counts as one receive.

    \b
    Examples:
      express-sync failures list
      express-sync failures list --code RoleNotExist --json > failures.jsonl
      express-sync failures show REQ-2026-000731

    \b
    Exit codes:
      0    shown, or there are none
      1    what is asked for is not there, or something cannot be read
      2    not possible; one sentence says why
      130  interrupted
    """


@failures.command("list", short_help="List failures, and count them by code.")
@click.option("--json", "as_json", is_flag=True, help="Print each outcome event as one line of JSON.")
@reads_target_unless(is_of_a_file)
@selecting
def list_failures(target: Target | None, selection: Selection, *, as_json: bool) -> None:
    """List the failures that are kept, in the order of their queue, and count them by code.

    With --json the lines are the events themselves: a file of them is something to `replay --from`. To look into a
    file, no cloud has to be there.

    \b
    Examples:
      express-sync failures list
      express-sync failures list --code RoleNotExist --older-than 1h
      express-sync failures list --name 'design-*' --json > failures.jsonl

    \b
    Exit codes:
      0    listed, or there are none
      1    there are failures, and none of those asked for; or something cannot be read
      2    not possible; one sentence says why
      130  interrupted
    """
    now = datetime.now(timezone.utc)
    codes: Counter[str] = Counter()
    failures_found = unreadable = 0
    with opened(target, selection.source) as source:
        for place, each in _contents(source):
            if isinstance(each, Stranger):
                unreadable += each.is_broken
                output.notice(selection.remark(place, each.why))
                continue
            failures_found += 1
            if selection.filter.matches(each, now):
                _print(each, as_json=as_json, is_first=not codes)
                codes[each.code or each.status] += 1
    output.notice(_sum(failures_found, unreadable, codes, selection))
    is_in_vain = failures_found and not codes
    exit_with(ExitCode.UNSUCCESSFUL if unreadable or is_in_vain else ExitCode.DONE)


@failures.command("show", short_help="Show everything known about a failure, and what to do.")
@click.argument("request_id")
@click.option("--json", "as_json", is_flag=True, help="Print each outcome event as one line of JSON.")
@reads_target_unless(is_of_a_file)
@selecting
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
      1    there is no such failure
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
        output.notice(f"There is no such failure of {request_id!r} in {_called(selection.source)}.")
        exit_with(ExitCode.UNSUCCESSFUL)


def _contents(source: Source) -> Iterator[tuple[str, Failure | Stranger]]:
    """Everything in a source with its place."""
    while page := source.take(PAGE):
        yield from (item for found in page for item in _items(found))


def _items(found: Found) -> Iterator[tuple[str, Failure | Stranger]]:
    return ((found.place, each) for each in found.contents)


def _print(failure: Failure, *, as_json: bool, is_first: bool) -> None:
    if as_json:
        output.json_line(document(failure))
        return
    if is_first:
        output.print_line(Text(HEADING, style="bold"))
    output.print_line(row(failure))


def _show(failure: Failure, *, as_json: bool) -> None:
    if as_json:
        output.json_line(document(failure))
        return
    for line in details(failure):
        output.print_line(line)


def _sum(failures_found: int, unreadable: int, codes: Counter[str], selection: Selection) -> str:
    """How many there are of each code, or why there are none to list."""
    tail = f"; {unreadable} unreadable." if unreadable else "."
    if codes:
        counted = ", ".join(f"{count} {code}" for code, count in codes.most_common())
        return f"{output.counted(codes.total(), 'failure')}: {counted}{tail}"
    if failures_found:
        return f"None of the {failures_found} in {_called(selection.source)} is asked for; ask for less{tail}"
    return f"There are no failures in {_called(selection.source)}{tail}"


def _called(source: str) -> str:
    names = {"failures": "the failure queue", "dead-letters": "the dead-letter queue", "-": "standard input"}
    return names.get(source, source)
