"""Runs a scenario on the demo's cloud: outages, requests, outcomes, and the commands of an operator."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from express_sync.ops.demo.cloud import DemoCloud
from express_sync.ops.demo.display import Display
from express_sync.ops.demo.history import History
from express_sync.ops.demo.scenario import DEFERRED, SETTLED, SUCCEEDED, Round
from express_sync.ops.outcomes.reader import Outcome
from express_sync.ops.terminal.errors import CliError

SECONDS_LEFT = "SECONDS_LEFT"  # stands for the remaining time in the commands of a scenario

SecondsLeft = Callable[[], float]


class Runner:
    """One run; `commands` are those of `express-sync` that a scenario may use, by name."""

    def __init__(
        self,
        cloud: DemoCloud,
        commands: Mapping[str, click.Command],
        display: Display,
        seconds_left: SecondsLeft,
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._cloud = cloud
        self._commands = commands
        self._display = display
        self._seconds_left = seconds_left
        self._sent: list[History] = []
        self._has_outage = False

    def run_round(self, part: Round, histories: Sequence[History]) -> bool:
        """Run a round with the histories of its samples; return whether it reached its condition in time."""
        self._display.heading(part.title, part.text)
        self._switch_outage(part.outage)
        shown = histories or [each for each in self._sent if not each.is_final]
        with self._display.table([] if part.commands else shown):
            self._send(histories)
            if (histories or not part.commands) and not self._wait(part.until):
                for history in histories:
                    history.is_over = True
                return False
        self._run_commands(part.commands)
        self._display.advice({each.hint for each in histories if each.hint and part.commands})
        deadline = self._seconds_left() - part.quiet_seconds
        self._listen(lambda: self._seconds_left() - deadline)
        return self._wait(part.until)

    def _switch_outage(self, code: str) -> None:
        if self._has_outage:
            self._cloud.end_outage()
        if code:
            self._cloud.begin_outage(code)
        self._has_outage = bool(code)

    def _send(self, histories: Sequence[History]) -> None:
        for history in histories:
            if history.sample.faults:
                self._cloud.arm(history.sample)
        message_ids = self._cloud.send([history.sample for history in histories])
        for history, message_id in zip(histories, message_ids, strict=True):
            history.submission_id = message_id
            self._sent.append(history)

    def _run_commands(self, commands: Iterable[Sequence[str]]) -> None:
        """Run commands as an operator would type them."""
        for name, *arguments in commands:
            if name not in self._commands:
                raise CliError(f"{name!r} is not a command that a scenario can run; correct the scenario.")
            seconds = str(max(1, round(self._seconds_left())))
            words = [seconds if word == SECONDS_LEFT else word for word in arguments]
            self._display.command(name, words, self._commands[name], self._cloud.target)

    def _wait(self, condition: str) -> bool:
        """Receive outcomes until the condition holds; return False if the time runs out before."""
        has_reached = _CONDITIONS[condition]
        self._listen(lambda: 0.0 if has_reached(self._sent) else self._seconds_left())
        return has_reached(self._sent)

    def _listen(self, seconds_left: SecondsLeft) -> None:
        for outcomes in self._cloud.outcomes(seconds_left):
            self.outcomes.extend(outcomes)
            for outcome in outcomes:
                history = self._history_of(outcome)
                if history:
                    history.add(outcome)

    def _history_of(self, outcome: Outcome) -> History | None:
        """Return the history of an outcome's submission; a replay continues the latest one of its request."""
        if outcome.replay_id:
            return next((each for each in reversed(self._sent) if each.sample.name == outcome.subject), None)
        return next((each for each in self._sent if each.submission_id == outcome.submission_id), None)


def _half_deferred_twice(histories: Sequence[History]) -> bool:
    """Return whether every request was deferred, and half of them at least twice."""
    deferrals = sorted(each.deferrals for each in histories)
    return deferrals[0] >= 1 and deferrals[len(deferrals) // 2] >= 2


_CONDITIONS: Mapping[str, Callable[[Sequence[History]], bool]] = {
    SETTLED: lambda histories: all(each.is_final for each in histories),
    DEFERRED: _half_deferred_twice,
    SUCCEEDED: lambda histories: all(each.is_succeeded for each in histories),
}
