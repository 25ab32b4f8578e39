"""`express-sync replay`: failures sent again, one way or the other, and with --wait their new outcomes."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone

import click
from rich.progress import Progress
from rich.text import Text

from express_sync.ops.outcomes.waiting import conclude, follow
from express_sync.ops.queues.destinations import VIAS, Destination, destination
from express_sync.ops.queues.sources import opened
from express_sync.ops.replay.options import Selection, selecting
from express_sync.ops.replay.replayer import Pace, Plan, Replayer, Tally
from express_sync.ops.targets.target import Target, reads_target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.option_types import POSITIVE
from handler.failures import Failure
from handler.model import Violation
from handler.replay import Replay, wrong_edits

HEADING = f"{'REPLAY ID':<15}  {'REQUEST':<24}  {'GROUP':<28}  FAILED WITH"


@click.command(short_help="Send failed requests again.")
@click.option("--yes", is_flag=True, help="Do it. Without it nothing is sent, only shown.")
@click.option(
    "--set", "edits", multiple=True, metavar="PROPERTY=VALUE", help="Change the request: bucketRegion=cn-hangzhou."
)
@click.option("--force", is_flag=True, help="Also replay what failed with a terminal error, once its cause is gone.")
@click.option(
    "--via",
    type=click.Choice(VIAS),
    default="queue",
    show_default=True,
    help="To the request queue, or to the function.",
)
@click.option("--service", metavar="NAME", help="With --via fc2: the service that the function is in.")
@click.option("--rate", type=POSITIVE, default=50.0, show_default=True, help="The most requests per second.")
@click.option("--wait", is_flag=True, help="Wait until every replayed request has its new outcome.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=POSITIVE,
    default=120.0,
    show_default=True,
    help="With --wait: the longest wait, in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: what is sent, or with --wait the outcomes.")
@reads_target
@selecting
def replay(
    target: Target,
    selection: Selection,
    *,
    yes: bool,
    edits: tuple[str, ...],
    force: bool,
    via: str,
    service: str | None,
    rate: float,
    wait: bool,
    timeout_seconds: float,
    as_json: bool,
) -> None:
    """Send failed requests again: without --yes show what would be sent, with --yes do it.

    A replay keeps the request, its id and its correlation, and bears a replay id. A failure leaves its queue only
    when its replay is confirmed, so after any interruption nothing is lost and the same command finishes the job;
    what went twice has the same replay id, and so outcomes of the same id. Failures in a file stay in the file.
    A dead letter that holds several requests leaves its queue when all of them are replayed.

    \b
    Examples:
      express-sync replay --code AssumeRoleFail
      express-sync replay --code AssumeRoleFail --yes --wait
      express-sync replay --requester lin.wei --set bucketRegion=cn-shanghai --force --yes
      express-sync replay --from dead-letters --rate 5 --yes
      express-sync replay --from failures.jsonl --via fc2 --service express-sync --yes

    \b
    Exit codes:
      0    all that is asked for was sent, or would be; with --wait: all succeeded
      1    some of it is not to be sent, or there are failures and none is asked for;
           with --wait: or did not succeed
      2    not possible; one sentence says why
      3    time ran out before every outcome was there
      130  interrupted
    """
    results = target.results if wait else None
    to = destination(target, via, service)
    now = datetime.now(timezone.utc)
    plan = Plan(selection.filter, _checked(edits), force, before=now if selection.is_of_queue else None)
    with output.progress() as progress, opened(target, selection.source) as source:
        witness = _Printer(progress, selection.remark, as_json=as_json, is_quiet=yes and wait)
        replayer = Replayer(source, to if yes else None, plan, now, witness)
        pace = Pace(rate if yes else float("inf"), time.monotonic, time.sleep)  # noqa: TID251 - a command's clock is real
        try:
            replayer.run(pace)
        except BaseException:
            if yes and replayer.tally.replayed:
                output.notice(f"So far: {_sum(replayer.tally, to, is_done=yes)} The same command finishes the job.")
            raise
    nothing = "" if replayer.tally.matched or not selection.is_narrow else "Nothing matched what was asked for. "
    output.notice(nothing + _sum(replayer.tally, to, is_done=yes))
    if yes and results:
        with output.progress() as progress:
            counts = follow(results, replayer.submission_ids, timeout_seconds, progress, as_json=as_json)
        conclude(len(replayer.submission_ids), counts)
    exit_with(_exit_code(replayer.tally, selection))


class _Printer:
    """Prints each replay, unless its outcome is going to be printed, and says what cannot be replayed."""

    def __init__(self, progress: Progress, remark: Callable[[str, str], str], *, as_json: bool, is_quiet: bool) -> None:
        self._progress = progress
        self._remark = remark
        self._task = progress.add_task("Replaying", total=None)
        self._as_json = as_json
        self._is_quiet = is_quiet
        self._is_first = True

    def replayed(self, failure: Failure, order: Replay, message_id: str) -> None:
        """A line for a replay."""
        self._progress.advance(self._task)
        if self._is_quiet:
            return
        if self._as_json:
            output.json_line(_document(failure, order, message_id))
            return
        if self._is_first:
            output.print_line(Text(HEADING, style="bold"))
            self._is_first = False
        group, ended = str(failure.request["name"]), failure.code or failure.status
        output.print_line(output.printable(f"{order.replay_id:<15}  {order.request_id:<24}  {group:<28}  {ended}"))

    def invalid(self, place: str, violations: Sequence[Violation]) -> None:
        """A sentence for each broken rule."""
        for each in violations:
            output.notice(f"{place}: {each.path} {each.message} ({each.rule})")

    def broken(self, place: str, why: str) -> None:
        """A sentence."""
        output.notice(self._remark(place, why))


def _document(failure: Failure, order: Replay, message_id: str) -> dict[str, str]:
    sent = {"messageId": message_id} if message_id else {}
    error = {"error": failure.code} if failure.code else {}
    return {"requestId": order.request_id, "replayId": order.replay_id, "status": failure.status, **error, **sent}


def _checked(edits: tuple[str, ...]) -> dict[str, str]:
    """The new values by property. CliError if one is not written so, or if no request may have it."""
    pairs = [edit.partition("=") for edit in edits]
    if not all(name and sign for name, sign, _ in pairs):
        raise CliError("--set takes PROPERTY=VALUE, such as bucketRegion=cn-hangzhou.")
    changes = {name: value for name, _, value in pairs}
    wrong = wrong_edits(changes)
    if wrong:
        raise CliError(f"--set: {'; '.join(f'{each.path} {each.message}'.rstrip('.') for each in wrong)}.")
    return changes


def _sum(tally: Tally, to: Destination, *, is_done: bool) -> str:
    """What was done, or would be, and what was not and why."""
    terminal = ", ".join(f"{count} {code}" for code, count in tally.refused.most_common())
    remarks = (
        (tally.duplicates, "{} known already"),
        (tally.refused.total(), f"{{}} refused as terminal ({terminal}; --force replays them)"),
        (tally.invalid, "{} not valid"),
        (tally.broken, "{} unreadable"),
        (tally.others, "{} other than failures"),
        (tally.unmatched, "{} not asked for"),
        (tally.newer, "{} newer than this run"),
    )
    does = f"{tally.replayed} replayed to" if is_done else f"{tally.replayed or 'Nothing'} would go to"
    said = [f"{does} {to.name}", *(text.format(count) for count, text in remarks if count)]
    tail = "" if is_done or not tally.replayed else " Nothing was changed; add --yes to do it."
    return f"{'; '.join(said)}.{tail}"


def _exit_code(tally: Tally, selection: Selection) -> ExitCode:
    """Unwelcome if something asked for stays behind, or if there is something and none of it is asked for."""
    stays = tally.broken or tally.invalid or tally.refused
    is_none = selection.is_narrow and tally.unmatched and not tally.matched
    return ExitCode.UNSUCCESSFUL if stays or is_none else ExitCode.DONE
