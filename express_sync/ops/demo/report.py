"""Checks a finished demo: every verdict, every group, every event; prints the facts and chooses the exit code."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from express_sync.ops.demo.history import History
from express_sync.ops.outcomes.reader import Outcome
from express_sync.ops.replay.failures import STATUSES
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.output import counted


@dataclass(frozen=True, slots=True)
class Fact:
    """A checked statement with its counts, and whether it is as it should be."""

    statement: str
    is_good: bool

    @property
    def line(self) -> Text:
        """Return the statement with a mark."""
        return Text.assemble(("✓ ", "green") if self.is_good else ("✗ ", "bold red"), self.statement)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a demo: the outcomes as they arrived, the groups (id to name) and the number of failures, both as
    the services count them, and whether all rounds were completed in time.
    """

    histories: Sequence[History]
    outcomes: Sequence[Outcome]
    groups: Mapping[str, str]
    failures: int
    seconds: float
    is_complete: bool

    @property
    def unexpected(self) -> list[History]:
        """Return the histories that are not as expected."""
        return [each for each in self.histories if each.differences()]

    def facts(self) -> tuple[Fact, ...]:
        """Return what was checked."""
        return self._one_verdict(), self._event_ids(), self._groups(), self._failure_queue()

    def summary(self) -> Fact:
        """Return the overall result."""
        is_good = self.is_complete and not self.unexpected and all(fact.is_good for fact in self.facts())
        parts = (
            counted(len(self.histories), "request"),
            f"{counted(len(self.histories) - len(self.unexpected), 'verdict')} as expected",
            counted(len(self.groups), "group"),
            *(("nothing lost",) if is_good else ()),
            f"{self.seconds:.1f} s",
        )
        return Fact(f"{', '.join(parts)}.", is_good)

    def _one_verdict(self) -> Fact:
        final = {(outcome.submission_id, outcome.identity) for outcome in self.outcomes if outcome.is_final}
        verdicts = Counter(submission_id for submission_id, _ in final)
        replays = {outcome.submission_id for outcome in self.outcomes if outcome.replay_id}
        sent = {each.submission_id for each in self.histories if each.submission_id} | replays
        kind = f" ({counted(len(replays), 'replay')} among them)" if replays else ""
        statement = f"{counted(len(sent), 'submission')}{kind}, {counted(len(final), 'final verdict')}"
        return Fact(f"{statement}: one each", set(verdicts) == sent and set(verdicts.values()) <= {1})

    def _event_ids(self) -> Fact:
        ids = {outcome.identity for outcome in self.outcomes}
        contents = {(outcome.identity, str(outcome.event)) for outcome in self.outcomes}
        copies = len(self.outcomes) - len(ids)
        again = f", {counted(copies, 'event')} delivered again" if copies else ""
        return Fact(
            f"{counted(len(self.outcomes), 'outcome event')}, {len(ids)} different ids{again}",
            len(contents) == len(ids),
        )

    def _groups(self) -> Fact:
        succeeded = {each.group_id for each in self.histories if each.is_succeeded}
        is_good = succeeded <= self.groups.keys() and len(set(self.groups.values())) == len(self.groups)
        statement = (
            f"{counted(len(self.groups), 'group')} at the API, {len(succeeded)} named by outcomes, no duplicates"
        )
        return Fact(statement, is_good)

    def _failure_queue(self) -> Fact:
        failed = sum(bool(each.last and each.last.status in STATUSES) for each in self.histories)
        statement = f"{counted(self.failures, 'message')} in the failure queue, {counted(failed, 'failed request')}"
        return Fact(statement, self.failures == failed)


def conclude(report: Report) -> None:
    """Print the differences, the facts and the overall result, and end the command accordingly."""
    for history in report.unexpected:
        label = history.outage or history.sample.shows
        output.notice(f"{history.sample.name} ({label}): {'; '.join(history.differences())}.")
    for fact in report.facts():
        output.diagnostics().print(fact.line)
    result = report.summary()
    output.summary(result.statement, is_good=result.is_good)
    if not report.is_complete:
        exit_with(ExitCode.OUT_OF_TIME)
    exit_with(ExitCode.DONE if result.is_good else ExitCode.UNSUCCESSFUL)
