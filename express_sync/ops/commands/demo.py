"""`express-sync demo`: the samples played on a cloud of their own, ending in a table of verdicts; or the drill."""

import contextlib
import time
from pathlib import Path
from typing import Any

import click
from rich.live import Live

from express_sync.local.cloud import CloudOptions, NotRunnableError, background
from express_sync.ops.commands.failures import failures
from express_sync.ops.commands.replay import replay
from express_sync.ops.demo.outage.run import hold
from express_sync.ops.demo.runner import Stage
from express_sync.ops.demo.scenario import read
from express_sync.ops.demo.table import Board
from express_sync.ops.queues.client import queue
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.option_types import POSITIVE
from handler.sgw.signing import Credentials
from handler.smq.client import SmqError

SCENARIO = Path(__file__).resolve().parents[3] / "events" / "demo.json"


@click.command(short_help="Play every sample, or an outage, on a cloud of its own and check the verdicts.")
@click.option("--outage", is_flag=True, help="Hold the outage drill instead.")
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    help="A file in the form of events/demo.json, which is the default; its samples lie beside it.",
)
@click.option(
    "--timeout",
    "timeout_seconds",
    type=POSITIVE,
    default=60.0,
    show_default=True,
    help="The longest wait for all outcomes, in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print only one line of JSON for each request.")
def demo(outage: bool, scenario: Path | None, timeout_seconds: float, as_json: bool) -> None:
    """Send the samples of events/ through a cloud that lives as long as the demo, and check every verdict.

    Valid, invalid and broken requests, with faults of the API thrown in. Needs no network and leaves nothing behind.

    With --outage the API refuses everything for a while, twice: with AssumeRoleFail, which passes, and the requests
    come back by themselves; then with RoleNotExist, and they are listed and replayed once the role is there again.

    \b
    Examples:
      express-sync demo
      express-sync demo --json | jq -r 'select(.asExpected | not) | .request'
      express-sync demo --outage
      express-sync demo --outage --json | jq -c '[.request, .statuses, .replayId]'

    \b
    Exit codes:
      0    every verdict is the expected one
      1    at least one is not
      2    not possible; one sentence says why
      3    time ran out before every outcome was there
      130  interrupted
    """
    if outage and scenario:
        raise CliError("--outage has a story of its own; leave --scenario out.")
    if outage:
        hold({"failures": failures, "replay": replay}, timeout_seconds, as_json=as_json)
    else:
        _demonstrate(scenario or SCENARIO, timeout_seconds, as_json)


def _demonstrate(scenario: Path, timeout_seconds: float, as_json: bool) -> None:
    board = Board(read(scenario))
    output.info("Acting on a local cloud of the demo's own.")
    began = time.monotonic()
    try:
        _play(board, began + timeout_seconds, as_json)
    except SmqError as error:
        raise CliError(f"The demo's own SMQ cannot be used ({error.code}); try again.") from error
    except NotRunnableError as error:
        raise CliError(f"The function cannot be run: {error}; correct it.") from error
    _print(board, as_json)
    _conclude(board, time.monotonic() - began)


def _play(board: Board, until: float, as_json: bool) -> None:
    """Play every round on a cloud started for them; unless for scripts, the board is seen to fill."""
    with contextlib.nullcontext() if as_json else _seen(board), background(CloudOptions()) as cloud:
        stage = _stage(cloud.ready)
        for rows in board.rounds:
            for row in rows:
                row.is_sent = True
            for position, outcome in stage.play([row.act for row in rows], lambda: until - time.monotonic()):
                rows[position].outcome = outcome
        board.end()


def _seen(board: Board) -> contextlib.AbstractContextManager[object]:
    """The board as it fills, on a terminal."""
    console = output.results()
    if not console.is_terminal:
        return contextlib.nullcontext()
    return Live(get_renderable=lambda: board.table(console), console=console, refresh_per_second=10)


def _print(board: Board, as_json: bool) -> None:
    """Print what a terminal has not seen already."""
    console = output.results()
    if as_json:
        for row in board.rows:
            output.json_line(row.document())
    elif not console.is_terminal:
        console.print(board.table(console))


def _stage(ready: dict[str, Any]) -> Stage:
    key = Credentials(ready["accessKeyId"], ready["accessKeySecret"])
    return Stage(queue(ready, "requestQueue", key), queue(ready, "resultQueue", key), ready["sgw"]["endpoint"])


def _conclude(board: Board, seconds: float) -> None:
    """Say what differs from what is expected, and how many verdicts do; end the command accordingly."""
    rows = list(board.rows)
    unexpected = [row for row in rows if row.surprises()]
    for row in unexpected:
        output.notice(f"{row.act.name} ({row.act.shows}): {'; '.join(row.surprises())}.")
    verdicts = output.counted(len(rows) - len(unexpected), "verdict")
    output.summary(
        f"{output.counted(len(rows), 'request')}, {verdicts} as expected, {seconds:.1f} s.", is_good=not unexpected
    )
    if any(row.outcome is None for row in rows):
        exit_with(ExitCode.OUT_OF_TIME)
    exit_with(ExitCode.UNSUCCESSFUL if unexpected else ExitCode.DONE)
