"""`express-sync failures discard`: deletes failures that need no replay."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import click

from express_sync.ops.commands.options import dry_run_option, events_as_json
from express_sync.ops.commands.target_options import reads_target
from express_sync.ops.queues.batching import MAX_MESSAGES
from express_sync.ops.replay.display import FailureListing
from express_sync.ops.replay.failures import Failure, NotAFailure
from express_sync.ops.replay.history import History, history_of
from express_sync.ops.replay.options import Selection, selection_options
from express_sync.ops.replay.sources import Source, description, opened
from express_sync.ops.replay.survey import known_codes
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with


@click.command("discard", short_help="Delete failures that need no replay.")
@click.argument("request_ids", nargs=-1, metavar="[REQUEST-ID]...")
@click.option("--stale", is_flag=True, help="Only failures whose request has succeeded since.")
@click.option("--yes", is_flag=True, help="Delete them; without it they are only shown.")
@dry_run_option
@events_as_json
@reads_target
@selection_options
def discard(
    target: Target,
    selection: Selection,
    *,
    request_ids: tuple[str, ...],
    stale: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete failures from their queue for good: with --yes; without it, or with --dry-run, show which.

    REQUEST-IDs, --stale or a filter must select them. Keep a copy with `failures list --json > FILE` if in doubt: it
    can be replayed with `replay --from FILE`. A dead letter with several requests is deleted only if all are selected.

    \b
    Examples:
      express-sync failures discard --stale
      express-sync failures discard REQ-2026-000731 --yes
      express-sync failures discard --code InvalidBucketName --older-than 7d --yes

    \b
    Exit codes:
      0    deleted or shown
      1    none was selected
      2    not possible; one sentence says why
      130  interrupted
    """
    selection = selection.of(request_ids)
    _check(selection, is_narrow=selection.has_filter or stale)
    is_done = yes and not dry_run
    now = selection.now(target)
    run = _Run(selection, history_of(target) if stale else None, now, as_json=as_json)
    try:
        with opened(target, selection.source) as source:
            run.discard_from(source, is_done=is_done)
    finally:
        verb = "deleted" if is_done else "would be deleted"
        tail = "" if is_done or not run.count else " Nothing was changed; add --yes to delete."
        output.notice(
            f"{output.counted(run.count, 'failure')} {verb} from {description(selection.source)}{run.others()}.{tail}"
        )
    exit_with(ExitCode.DONE if run.count else ExitCode.UNSUCCESSFUL)


def _check(selection: Selection, *, is_narrow: bool) -> None:
    if not selection.is_from_queue:
        raise CliError("Failures are discarded from a queue; edit the file, or name a queue with --from.")
    if not is_narrow:
        raise CliError("Name REQUEST-IDs, --stale or a filter: this deletes the selected failures for good.")


class _Run:
    """Discards the failures of a selection; with a history, only those whose request has succeeded since."""

    def __init__(self, selection: Selection, history: History | None, now: datetime, *, as_json: bool) -> None:
        self.count = 0
        self._held = 0
        self._others: Counter[str] = Counter()
        self._selection = selection
        self._history = history
        self._now = now
        self._listing = FailureListing(now, group_by=None, as_json=as_json)

    def discard_from(self, source: Source, *, is_done: bool) -> None:
        """Show the messages whose failures are all selected, and delete them if `is_done`."""
        while page := source.take(MAX_MESSAGES):
            self._note_others(each for found in page for each in found.contents)
            chosen = [found for found in page if found.contents and all(map(self._is_selected, found.contents))]
            if is_done:
                source.settle(chosen)
            for each in (each for found in chosen for each in found.contents):
                if isinstance(each, Failure):
                    self.count += 1
                    self._listing.add(each)
        self._held = source.held

    def others(self) -> str:
        """Return the codes of the failures if none of them is deleted, and how many other readers hold."""
        texts = [f"; {known_codes(self._selection.filter, self._others)}"] if self._others and not self.count else []
        return "".join((*texts, f"; {self._held} held by another reader" if self._held else ""))

    def _note_others(self, contents: Iterable[Failure | NotAFailure]) -> None:
        self._others.update(each.code_or_status for each in contents if isinstance(each, Failure))

    def _is_selected(self, each: Failure | NotAFailure) -> bool:
        if not isinstance(each, Failure) or not self._selection.filter.matches(each, self._now):
            return False
        return self._history is None or self._history.success_after(each) is not None
