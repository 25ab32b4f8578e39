"""`express-sync watch`: shows outcomes as they arrive."""

import click

from express_sync.ops import system
from express_sync.ops.commands.deferrals import limit_of
from express_sync.ops.commands.options import Deadline, dry_run_option, events_as_json
from express_sync.ops.commands.target_options import changes_target
from express_sync.ops.outcomes.display import OutcomePrinter
from express_sync.ops.outcomes.following import STATUSES, OutcomeFilter, Watch
from express_sync.ops.outcomes.reader import read
from express_sync.ops.queues.backlog import Waiting, read_waiting
from express_sync.ops.queues.client import RESULT_QUEUE
from express_sync.ops.targets.listening import outcomes_of
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.option_types import POSITIVE
from express_sync.ops.terminal.suggestions import closest
from handler.provisioning.error_table import DOCUMENTED, GATEWAY, OWN

KNOWN_CODES = {*DOCUMENTED, *GATEWAY, *OWN}
_MIN_SIMILARITY = 0.85


@click.command()
@click.option("--request", "requests", multiple=True, metavar="ID", help="Only outcomes of this requestId.")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only this status.")
@click.option("--code", "codes", multiple=True, help="Only outcomes with this error code, such as RoleNotExist.")
@click.option("--new", "only_new", is_flag=True, help="Skip the outcomes that wait in the result queue.")
@click.option("--count", type=click.IntRange(1), help="Stop after this many outcomes.")
@click.option("--timeout", "timeout_seconds", type=POSITIVE, help="Stop after this many seconds.")
@dry_run_option
@events_as_json
@changes_target("creates a temporary queue in it")
def watch(
    target: Target,
    *,
    requests: tuple[str, ...],
    statuses: tuple[str, ...],
    codes: tuple[str, ...],
    only_new: bool,
    count: int | None,
    timeout_seconds: float | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Show outcomes until Ctrl-C: those that wait in the result queue, then new ones as they arrive.

    Each command listens with a temporary queue of its own, which it deletes at the end. So any number of commands at
    the same time see every outcome, and none takes an outcome from another or from the result queue. If the key may not
    create a queue, the result queue is read instead, and the command says what that means.

    An outcome is shown once, and again if it was published with a newer time. A deferral shows its number, the limit
    and the time of the next attempt, such as "2 of 6 at 08:00:56Z".

    \b
    Examples:
      express-sync watch
      express-sync watch --status failed --status indeterminate
      express-sync watch --request REQ-2026-000731 --count 1 --timeout 60
      express-sync watch --count 1 --timeout 30 --json | jq -r .data.expressSyncId

    \b
    Exit codes:
      0    --count outcomes shown; without --count: time is up; or --dry-run
      2    not possible; one sentence says why
      3    the time ran out before --count outcomes were shown
      130  interrupted
    """
    _check_spelling(codes)
    if dry_run:
        output.notice("A temporary queue would be created, subscribed and deleted at the end. Nothing was changed.")
        return
    left = Deadline(timeout_seconds)
    target = target.within(left)
    printer = OutcomePrinter(as_json=as_json, max_deferrals=limit_of(target))
    chosen = OutcomeFilter(frozenset(requests), frozenset(statuses), frozenset(codes))
    watching = Watch(printer.outcome, chosen, count)
    with outcomes_of(target, system.environment) as outcomes:
        printer.heading()
        if outcomes.is_own and not only_new and target.profile["mns"].get(RESULT_QUEUE):
            _show_waiting(read_waiting(target.results, target.queue_admin), watching)
        watching.follow(outcomes.mailbox, left)
    if count is not None and watching.shown < count:
        output.info(f"Time ran out after {watching.shown} of {count} outcomes.")
        exit_with(ExitCode.OUT_OF_TIME)


def _check_spelling(codes: tuple[str, ...]) -> None:
    """Name misspelt codes, which no outcome has, and watch for them nevertheless: a code may be undocumented."""
    for code in codes:
        is_known = bool({code, code.partition(".")[0]} & KNOWN_CODES)
        meant = "" if is_known else closest(code, KNOWN_CODES, _MIN_SIMILARITY)
        if meant:
            output.notice(f"The code {code!r} is not known; did you mean {meant}?")


def _show_waiting(waiting: Waiting, watching: Watch) -> None:
    found = [outcome for outcome in map(read, waiting.bodies) if outcome]
    for outcome in sorted(found, key=lambda each: str(each.event["time"])):
        watching.show(outcome)
    if waiting.unread:
        output.info(f"{output.counted(waiting.unread, 'more outcome')} in the result queue are not shown.")
    if waiting.held:
        output.info(f"{output.counted(waiting.held, 'outcome')} in the result queue are held by another reader.")
