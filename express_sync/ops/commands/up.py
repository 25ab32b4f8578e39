"""`express-sync up`: runs the local cloud until it is interrupted."""

import asyncio
import contextlib
import json
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from express_sync.local.cloud import CloudOptions, LocalCloud
from express_sync.local.local_function import NotRunnableError
from express_sync.local.servers import PortTakenError
from express_sync.local.template.parser import TemplateError
from express_sync.ops import system
from express_sync.ops.atomic_file import remove, remove_if_unchanged, write_atomically
from express_sync.ops.outcomes.log_lines import activity
from express_sync.ops.targets.places import is_file
from express_sync.ops.targets.registration import Claim, claimed, state_directory
from express_sync.ops.terminal import output
from express_sync.ops.terminal.end_signal import ending
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from express_sync.ops.terminal.option_types import Finite

_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Portal = Callable[[Mapping[str, Any]], contextlib.AbstractContextManager[Mapping[str, str]]]
SERVICES = ("SMQ", "sgw", "FC")  # with a port each, in this order; the portal has the next one
ACTIVITY_SECONDS = 0.5


@click.command()
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write the ready object to this file.")
@click.option(
    "--no-function",
    "with_function",
    flag_value=False,
    default=True,
    help="Run only the queues and the API; requests stay in the queue.",
)
@click.option(
    "--port-base", type=click.IntRange(1, 65532), help="Use ports N (SMQ), N+1 (sgw), N+2 (FC) and N+3 (portal)."
)
@click.option("--no-portal", is_flag=True, help="Do not run the portal.")
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
@click.option(
    "--env", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of the function; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print the ready object as one line of JSON.")
def up(
    *,
    ready_file: Path | None,
    port_base: int | None,
    no_portal: bool,
    settings: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Run the cloud of template.yml on this machine: SMQ, Cloud Storage Gateway, Function Compute, and the portal.

    Everything is in memory and on 127.0.0.1. Other commands that are run in the same checkout find it automatically.

    \b
    Examples:
      express-sync up
      express-sync up --port-base 8700 --no-function
      express-sync up --tls --rtt 20
      express-sync up --json --ready-file ready.json &
      express-sync up --env EXPRESS_SYNC_MAX_DEFERRALS=6

    \b
    Exit codes:
      0    stopped by SIGTERM
      2    could not start; one sentence says why
      130  stopped by Ctrl-C
    """
    chosen = CloudOptions(port_base=port_base or 0, environment=_settings(settings), **options)
    state = state_directory(Path.cwd(), system.environment)
    portal = None if no_portal else _portal(state, port_base)
    with claimed(state) as claim:
        received = _run(chosen, portal, _Announcement(claim, ready_file, chosen, as_json=as_json))
    if received == signal.SIGINT:
        exit_with(ExitCode.INTERRUPTED)


class _Announcement:
    """What tells others that the cloud is ready: the registration, the ready file and the output."""

    def __init__(self, claim: Claim, ready_file: Path | None, options: CloudOptions, *, as_json: bool) -> None:
        self._claim = claim
        self._ready_file = ready_file
        self._next_steps = _WITH_FUNCTION if options.with_function else _ALONE
        self._as_json = as_json
        if ready_file is not None and is_file(ready_file):  # of an `up` that was killed
            remove(ready_file)

    @contextlib.contextmanager
    def __call__(self, ready: Mapping[str, Any]) -> Iterator[None]:
        """Announce the cloud for the length of the context."""
        with self._claim.register(ready), contextlib.ExitStack() as cleanup:
            if self._ready_file is not None:
                text = json.dumps(ready) + "\n"
                write_atomically(self._ready_file, text)
                cleanup.callback(remove_if_unchanged, self._ready_file, text)
            if self._as_json:
                output.json_line(ready)
            else:
                _announce(ready, self._next_steps)
            yield

    async def show_activity(self, cloud: LocalCloud) -> None:
        """Print every outcome that the function announces, and its errors, until cancelled; nothing for --json."""
        last = 0
        while not self._as_json:
            await asyncio.sleep(ACTIVITY_SECONDS)
            for line in cloud.log_lines(last):
                last = line["number"]
                text = activity(line["line"])
                if text:
                    output.print_line(text)


def _settings(settings: tuple[str, ...]) -> dict[str, str]:
    """Return the settings of the function by name. CliError if one has the wrong form."""
    pairs = [each.partition("=") for each in settings]
    if not all(_SETTING.fullmatch(name) and sign for name, sign, _ in pairs):
        raise CliError("--env takes NAME=VALUE, such as EXPRESS_SYNC_MAX_ATTEMPTS=2.")
    return {name: value for name, _, value in pairs}


def _run(options: CloudOptions, portal: Portal | None, announced: _Announcement) -> signal.Signals:
    try:
        return asyncio.run(_serve(options, portal, announced))
    except PortTakenError as error:
        raise CliError(f"{error}; choose another --port-base, or omit it.") from error
    except (TemplateError, NotRunnableError) as error:
        raise CliError(f"template.yml cannot be run: {error}; correct it.") from error


async def _serve(options: CloudOptions, portal: Portal | None, announced: _Announcement) -> signal.Signals:
    """Run the cloud and its portal until a signal arrives, and return that signal."""
    ended = ending()
    cloud = LocalCloud(options, report_not_emulated=_warn)
    async with contextlib.AsyncExitStack() as cleanup:
        cleanup.push_async_callback(cloud.stop)
        await cloud.start()
        ready = cloud.ready()
        if portal is not None:
            running = portal(ready)
            # In threads, because it calls the cloud, which runs in this loop, and waits for it.
            ready = {**ready, "portal": await asyncio.to_thread(running.__enter__)}
            cleanup.push_async_callback(asyncio.to_thread, running.__exit__, None, None, None)
        with announced(ready):
            activity = asyncio.create_task(announced.show_activity(cloud))
            try:
                return await ended
            finally:
                activity.cancel()


def _portal(state: Path, port_base: int | None) -> Portal:
    """Return what runs the portal of a local cloud."""
    from express_sync.ops.commands import portal_service

    def running(ready: Mapping[str, Any]) -> contextlib.AbstractContextManager[Mapping[str, str]]:
        if "caFile" in ready:
            system.trust(ready["caFile"])
        return portal_service.of_local_cloud(ready, state, port_base + len(SERVICES) if port_base else 0)

    return running


def _signed_in(url: str, token: str) -> str:
    """Return the address that signs a browser in. What is behind the # is not sent to the server."""
    return f"{url}/#token={token}"


def _warn(what: str) -> None:
    output.notice(f"Not emulated: {what}. The call was refused with the code NotEmulated.")


_WITH_FUNCTION = (
    Text("Next, in another terminal of this checkout:", style="bold"),
    "  express-sync submit events/requests/minimal.json --wait",
    "  express-sync watch",
    "  express-sync fault InternalError --count 3",
    "  express-sync logs --follow",
    Text("Press Ctrl-C to stop it. Outcomes are shown here as they are published.", style="dim"),
)
_ALONE = (
    "No function runs: messages wait for programs of your own. docs/local-cloud.md has one for each SDK.",
    Text("Press Ctrl-C to stop it.", style="dim"),
)


def _announce(ready: Mapping[str, Any], next_steps: Sequence[str | Text]) -> None:
    mns = ready["mns"]
    places = (
        *((("Portal", _signed_in(**ready["portal"])),) if "portal" in ready else ()),
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
    for step in next_steps:
        output.print_line(step)
