"""`express-sync replay`: sends failed requests again, and can wait for their new outcomes."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from express_sync.ops import system
from express_sync.ops.commands.deferrals import limit_of
from express_sync.ops.commands.options import Deadline, dry_run_option, wait_options
from express_sync.ops.commands.target_options import reads_target
from express_sync.ops.outcomes.display import OutcomePrinter
from express_sync.ops.outcomes.waiting import await_outcomes
from express_sync.ops.replay.destinations import VIAS, Destination, destination
from express_sync.ops.replay.failures import Failure
from express_sync.ops.replay.message import Replay, wrong_edits
from express_sync.ops.replay.options import Selection, selection_options
from express_sync.ops.replay.rate_limiter import RateLimiter
from express_sync.ops.replay.replayer import Counts, Plan, Replayer
from express_sync.ops.replay.sources import Source, opened
from express_sync.ops.replay.survey import known_codes
from express_sync.ops.requests.violations import print_violations
from express_sync.ops.targets.listening import outcomes_of
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.columns import Column, Rows
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.option_types import POSITIVE
from express_sync.ops.terminal.printable import printable
from express_sync.ops.terminal.progress_bar import progress_bar
from handler.model import Violation

_COLUMNS = (
    Column("REPLAY ID", 15, 15, 0),
    Column("REQUEST", 24, 24, 15),
    Column("GROUP", 28, 0, 0),
    Column("FAILED WITH", 24, 24, 24),
)


@click.command()
@click.argument("request_ids", nargs=-1, metavar="[REQUEST-ID]...")
@click.option("--yes", is_flag=True, help="Send the requests; without it they are only shown.")
@dry_run_option
@click.option(
    "--set", "edits", multiple=True, metavar="PROPERTY=VALUE", help="Change the requests: bucketRegion=cn-hangzhou."
)
@click.option("--force", is_flag=True, help="Also replay terminal errors, after their cause has been fixed.")
@click.option(
    "--via",
    type=click.Choice(VIAS),
    default="queue",
    show_default=True,
    help="Send to the request queue, or invoke the function.",
)
@click.option("--service", metavar="NAME", help="With --via fc2: the service of the function.")
@click.option(
    "--rate", type=POSITIVE, default=50.0, show_default=True, help="The maximum number of requests per second."
)
@wait_options
@reads_target
@selection_options
def replay(
    target: Target,
    selection: Selection,
    *,
    request_ids: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    edits: tuple[str, ...],
    force: bool,
    via: str,
    service: str | None,
    rate: float,
    wait: bool,
    timeout_seconds: float,
    as_json: bool,
) -> None:
    """Send failed requests again: with --yes; without it, or with --dry-run, show what would be sent.

    REQUEST-IDs and the options select failures; without any, all of them are sent.

    A replay keeps the request, its id and its correlation, and has a replay id. A failure is deleted from its queue
    only after its replay is confirmed. So an interruption loses nothing, and the same command completes the rest; a
    request that is sent twice has the same replay id, and its outcomes have the same event id. Files are not changed.
    A dead letter with several requests is deleted when all of them are replayed.

    \b
    Examples:
      express-sync replay --code AssumeRoleFail
      express-sync replay --code AssumeRoleFail --yes --wait
      express-sync replay REQ-2026-000731 --set bucketName=b-1 --force
      express-sync replay --code InvalidBucketName --set bucketName=b-1 --force
      express-sync replay --from dead-letters --rate 5 --yes
      express-sync replay --from failures.jsonl --via fc3 --yes

    \b
    Exit codes:
      0    all selected failures were sent; with --wait: all succeeded
      1    some cannot be sent, or none was selected although there are some;
           with --wait: or some requests did not succeed
      2    not possible; one sentence says why
      3    the time ran out before every outcome had arrived
      130  interrupted
    """
    selection = selection.of(request_ids)
    left = Deadline(timeout_seconds if wait else None)
    target = target.within(left) if wait else target
    changes, to, is_sent = _validated(edits), destination(target, via, service), yes and not dry_run
    with contextlib.ExitStack() as stack:
        outcomes = stack.enter_context(outcomes_of(target, system.environment)) if wait and is_sent else None
        now = selection.now(target)
        plan = Plan(selection.filter, changes, force, before=now if selection.is_from_queue else None)
        printer = _Printer(changes, selection.skipped, as_json=as_json, is_quiet=bool(outcomes))
        limiter = RateLimiter(rate if is_sent else float("inf"), system.now, system.sleep)
        with opened(target, selection.source) as source:
            replayer = Replayer(source, to if is_sent else None, plan, now, printer)
            _run(replayer, limiter, to, printer)
        output.notice(_explained(_summary(replayer.counts, to, is_done=is_sent), replayer.counts, selection, source))
        if outcomes:
            left.restart()
            shown = OutcomePrinter(as_json=as_json, max_deferrals=limit_of(target))
            await_outcomes(outcomes.mailbox, replayer.submission_ids, left, shown)
    exit_with(_exit_code(replayer.counts, selection))


def _run(replayer: Replayer, limiter: RateLimiter, to: Destination, printer: "_Printer") -> None:
    """Replay to the end; if that is interrupted or fails, tell what was sent so far."""
    try:
        with printer.progress:
            replayer.run(limiter)
    except BaseException:
        if replayer.is_sending and replayer.counts.replayed:
            output.notice(f"So far: {_summary(replayer.counts, to, is_done=True)} Run the same command to continue.")
        raise


class _Printer:
    """Prints each replay, unless outcomes are printed instead, and each message that cannot be replayed."""

    def __init__(
        self, changes: Mapping[str, str], skipped: Callable[[str, str], str], *, as_json: bool, is_quiet: bool
    ) -> None:
        self.progress = progress_bar()
        self._changes = changes
        self._skipped = skipped
        self._task = self.progress.add_task("Replaying", total=None)
        self._requests: set[str] = set()
        self._rows = Rows(_COLUMNS)
        self._as_json = as_json
        self._is_quiet = is_quiet

    def replayed(self, failure: Failure, message: Replay, message_id: str) -> None:
        """Print one line for a replay, and one for each property that is changed."""
        self.progress.advance(self._task)
        self._warn_of_one_name(failure)
        if self._is_quiet:
            return
        if self._as_json:
            output.json_line(_document(failure, message, message_id, self._changes))
            return
        texts = (message.replay_id, message.request_id, str(failure.request["name"]), failure.code_or_status)
        self._rows.add(*map(printable, texts))
        for name, old, new in _changed(failure, self._changes):
            output.print_line(printable(f"  {name}: {old or '-'} → {new}"))

    def _warn_of_one_name(self, failure: Failure) -> None:
        before = len(self._requests)
        self._requests.add(failure.request_id)
        if "name" in self._changes and before == 1 and len(self._requests) > 1:
            output.notice(
                "--set name= gives several requests the same group name, and names are unique: only one of them can"
                " get its group. Replay each REQUEST-ID with a name of its own."
            )

    def invalid(self, place: str, violations: Sequence[Violation]) -> None:
        """Print one line for each violation."""
        print_violations(place, violations)

    def unreadable(self, place: str, why: str) -> None:
        """Print why a message is skipped."""
        output.notice(self._skipped(place, why))


def _changed(failure: Failure, changes: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the name, the old value and the new value of each property that is changed."""
    old = {name: str(failure.request.get(name, "")) for name in changes}
    return [(name, old[name], new) for name, new in changes.items() if old[name] != new]


def _document(failure: Failure, message: Replay, message_id: str, changes: Mapping[str, str]) -> dict[str, Any]:
    sent = {"messageId": message_id} if message_id else {}
    error = {"error": failure.code} if failure.code else {}
    changed = {name: {"from": old, "to": new} for name, old, new in _changed(failure, changes)}
    return {
        "requestId": message.request_id,
        "replayId": message.replay_id,
        "status": failure.status,
        **error,
        **({"changes": changed} if changed else {}),
        **sent,
    }


def _validated(edits: tuple[str, ...]) -> dict[str, str]:
    """Return the new values by property. CliError if one has the wrong form, or is not valid in any request."""
    pairs = [edit.partition("=") for edit in edits]
    if not all(name and sign for name, sign, _ in pairs):
        raise CliError("--set takes PROPERTY=VALUE, such as bucketRegion=cn-hangzhou.")
    changes = {name: value for name, _, value in pairs}
    wrong = wrong_edits(changes)
    if wrong:
        raise CliError(f"--set: {'; '.join(f'{each.path} {each.message}'.rstrip('.') for each in wrong)}.")
    return changes


def _explained(summary: str, counts: Counts, selection: Selection, source: Source) -> str:
    """Return a summary with what else is known if nothing was selected, or if another reader holds messages."""
    is_none = selection.has_filter and not counts.matched
    known = known_codes(selection.filter, counts.codes) if is_none and counts.codes else ""
    sentences = (
        "The filter matches no failure." if is_none else "",
        summary,
        f"{known[0].upper()}{known[1:]}." if known else "",
        f"Another reader took {output.counted(source.held, 'message')}." if source.held else "",
    )
    return " ".join(filter(None, sentences))


def _summary(counts: Counts, to: Destination, *, is_done: bool) -> str:
    """Return what was sent or would be, and how many failures were not, by reason."""
    terminal = ", ".join(f"{count} {code}" for code, count in counts.refused.most_common())
    skipped = (
        (counts.duplicates, "{} sent already"),
        (counts.refused.total(), f"{{}} with a terminal error ({terminal}; --force replays them)"),
        (counts.invalid, "{} invalid"),
        (counts.unreadable, "{} unreadable"),
        (counts.others, "{} not a failure"),
        (counts.unmatched, "{} not selected"),
        (counts.newer, "{} newer than this run"),
    )
    sent = f"{counts.replayed} replayed to" if is_done else f"{counts.replayed or 'Nothing'} would be replayed to"
    parts = [f"{sent} {to.name}", *(text.format(count) for count, text in skipped if count)]
    tail = "" if is_done or not counts.replayed else " Nothing was changed; add --yes to send."
    return f"{'; '.join(parts)}.{tail}"


def _exit_code(counts: Counts, selection: Selection) -> ExitCode:
    """Return UNSUCCESSFUL if something selected was not sent, or if nothing was selected although it could be."""
    is_incomplete = counts.unreadable or counts.invalid or counts.refused
    is_none_selected = selection.has_filter and counts.unmatched and not counts.matched
    return ExitCode.UNSUCCESSFUL if is_incomplete or is_none_selected else ExitCode.DONE
