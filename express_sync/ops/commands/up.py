"""`express-sync up`: runs the local cloud until it is interrupted."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from express_sync.local.cloud import CloudOptions, LocalCloud, NotRunnableError
from express_sync.local.servers import PortTakenError
from express_sync.local.template.parser import TemplateError
from express_sync.ops.atomic_file import write_atomically
from express_sync.ops.targets.registration import check_none_registered, registering, state_directory
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.option_types import Finite

Announcement = Callable[[Mapping[str, Any]], contextlib.AbstractContextManager[None]]


@click.command()
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write the ready object to this file.")
@click.option(
    "--no-function",
    "with_function",
    flag_value=False,
    default=True,
    help="Run only the queues and the API; requests stay in the queue.",
)
@click.option("--port-base", type=click.IntRange(1, 65533), help="Use ports N (SMQ), N+1 (sgw) and N+2 (FC, console).")
@click.option(
    "--clock-factor",
    type=Finite(0, 1, min_open=True),
    default=CloudOptions.clock_factor,
    show_default=True,
    help="Factor for the retry delays of triggers; 1 is real time.",
)
@click.option("--tls", is_flag=True, help="Serve SMQ and sgw over TLS, with certificates of its own.")
@click.option(
    "--rtt",
    "rtt_ms",
    type=Finite(0, 10_000),
    default=CloudOptions.rtt_ms,
    metavar="MILLISECONDS",
    help="Let each round trip to SMQ and sgw take this long.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the ready object as one line of JSON.")
def up(ready_file: Path | None, port_base: int | None, as_json: bool, **options: Any) -> None:
    """Run the cloud of template.yml on this machine: SMQ, Cloud Storage Gateway, Function Compute.

    Everything is in memory and on 127.0.0.1. Other commands that are run in the same checkout find it automatically.

    \b
    Examples:
      express-sync up
      express-sync up --port-base 8700 --no-function
      express-sync up --tls --rtt 20
      express-sync up --json --ready-file ready.json &

    \b
    Exit codes:
      0    stopped by SIGTERM
      2    could not start; one sentence says why
      130  stopped by Ctrl-C
    """
    chosen = CloudOptions(port_base=port_base or 0, **options)
    state = state_directory(Path.cwd())
    check_none_registered(state)

    @contextlib.contextmanager
    def announced(ready: Mapping[str, Any]) -> Iterator[None]:
        with registering(state, ready), contextlib.ExitStack() as cleanup:
            if ready_file is not None:
                write_atomically(ready_file, json.dumps(ready) + "\n")
                cleanup.callback(ready_file.unlink, missing_ok=True)
            _announce(ready, as_json)
            yield

    try:
        received = asyncio.run(_serve(chosen, announced))
    except PortTakenError as error:
        raise CliError(f"{error}; choose another --port-base, or omit it.") from error
    except (TemplateError, NotRunnableError) as error:
        raise CliError(f"template.yml cannot be run: {error}; correct it.") from error
    if received == signal.SIGINT:
        exit_with(ExitCode.INTERRUPTED)


async def _serve(options: CloudOptions, announced: Announcement) -> signal.Signals:
    """Run the cloud until a signal arrives, and return that signal."""
    ended: asyncio.Future[signal.Signals] = asyncio.get_running_loop().create_future()

    def end(received: signal.Signals) -> None:
        if not ended.done():
            ended.set_result(received)

    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, end, each)
    cloud = LocalCloud(options, report_not_emulated=_warn)
    try:
        await cloud.start()
        with announced(cloud.ready()):
            return await ended
    finally:
        await cloud.stop()


def _warn(what: str) -> None:
    output.notice(f"Not emulated: {what}. The call was refused with the code NotEmulated.")


def _announce(ready: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        output.json_line(ready)
        return
    mns = ready["mns"]
    places = (
        ("Console", ready["console"]),
        ("SMQ", mns["endpoint"]),
        ("Gateway API", ready["sgw"]["endpoint"]),
        ("Functions", ready["fc"]["endpoint"]),
        ("Requests", mns["requestQueue"]),
        ("Outcomes", " → ".join(filter(None, (mns["resultTopic"], mns["resultQueue"])))),
    )
    output.print_line(Text("The local cloud is running.", style="bold green"))
    for name, place in places:
        output.print_line(Text(f"  {name:<12} ", style="dim"), Text(place))
    output.print_line(Text("Next, in another terminal of this checkout:", style="bold"))
    output.print_line("  express-sync submit events/requests/minimal.json --wait")
    output.print_line("  express-sync watch")
    output.print_line(Text("Press Ctrl-C to stop it.", style="dim"))
