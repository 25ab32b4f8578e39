"""Runs a scenario from the start of its local cloud to the final report."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

import click

from express_sync.local.cloud import DEFAULT, CloudOptions, background
from express_sync.local.local_function import NotRunnableError
from express_sync.ops.demo.cloud import DemoCloud, connect
from express_sync.ops.demo.display import Display
from express_sync.ops.demo.history import History
from express_sync.ops.demo.report import Report
from express_sync.ops.demo.runner import Runner
from express_sync.ops.demo.scenario import Scenario
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError
from handler.smq.client import SmqError


def run(
    scenario: Scenario,
    commands: Mapping[str, click.Command],
    display: Display,
    timeout_seconds: float,
    options: CloudOptions = DEFAULT,
) -> Report:
    """Run a scenario on a local cloud of its own and return the report. CliError if it cannot be run at all.

    `commands` are those of `express-sync` that a scenario may use, by name.
    """
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            with display.starting():
                running = stack.enter_context(background(replace(options, environment=scenario.environment)))
                cloud = connect(running.ready)
            runner = Runner(cloud, commands, display, lambda: began + timeout_seconds - time.monotonic())
            return _report(scenario, runner, cloud, began)
    except SmqError as error:
        raise CliError(f"SMQ of the demo's cloud cannot be used ({error.code}); try again.") from error
    except NotRunnableError as error:
        raise CliError(f"The function cannot be run: {error}; correct it.") from error


def _report(scenario: Scenario, runner: Runner, cloud: DemoCloud, began: float) -> Report:
    histories = [[History(sample, part.outage) for sample in part.samples] for part in scenario.rounds]
    is_complete = True
    for part, theirs in zip(scenario.rounds, histories, strict=True):
        if not runner.run_round(part, theirs):
            output.notice(f"The time ran out in the round {part.title!r}.")
            is_complete = False
            break
    groups, every = cloud.groups(), [history for theirs in histories for history in theirs]
    for history in every:
        history.has_group = not history.is_succeeded or history.group_id in groups
    seconds = time.monotonic() - began
    return Report(every, runner.outcomes, groups, cloud.failure_count(), seconds, is_complete)
