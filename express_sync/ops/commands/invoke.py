"""`express-sync invoke`: invokes the function with one event."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from express_sync.ops.commands.options import dry_run_option
from express_sync.ops.commands.target_options import changes_target
from express_sync.ops.fc import invocation
from express_sync.ops.requests.files import STANDARD_INPUT
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with

MAX_EVENT_BYTES = 32 * 1024 * 1024  # of a synchronous invocation


@click.command()
@click.argument("event_file")
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print request id, result and error as one line of JSON.")
@changes_target("invokes its function")
def invoke(target: Target, event_file: str, *, dry_run: bool, as_json: bool) -> None:
    """Invoke the function with the bytes of EVENT_FILE (- for standard input) as the event, and print the result.

    The bytes are sent unchanged: the event of a trigger, or a bare request, whose result is its outcome.

    \b
    Examples:
      express-sync invoke events/triggers/batch.json
      express-sync invoke events/requests/minimal.json | jq .data.status

    \b
    Exit codes:
      0    the function returned a result, or --dry-run
      1    the function failed
      2    failed; the error message says why
      130  interrupted
    """
    endpoint, function = target.function
    event = _event(event_file)
    if dry_run:
        size = output.counted(len(event), "byte")
        output.notice(f"The function {function} would be invoked with {size}. Nothing was changed.")
        return
    result = invocation.invoke(endpoint, function, target.credentials, event)
    if as_json:
        output.json_line(_document(result))
    elif result.error_type:
        output.info(f"{result.error_type}: {result.error_message()}")
    else:
        sys.stdout.write(result.body + "\n")
    if result.error_type:
        exit_with(ExitCode.UNSUCCESSFUL)


def _event(event_file: str) -> bytes:
    if not event_file:
        raise CliError("A file without a name cannot be read; name a file, or - for standard input.")
    try:
        if event_file == STANDARD_INPUT:
            return _limited(sys.stdin.buffer, "Standard input")
        with Path(event_file).open("rb") as file:
            return _limited(file, event_file)
    except IsADirectoryError:
        raise CliError(f"{event_file} is a directory; name a file.") from None
    except OSError as error:
        raise CliError(f"{event_file} cannot be read: {error.strerror}; name another file.") from error


def _limited(file: BinaryIO, name: str) -> bytes:
    """Return what a file contains. CliError if it is larger than an event may be."""
    content = file.read(MAX_EVENT_BYTES + 1)
    if len(content) > MAX_EVENT_BYTES:
        raise CliError(
            f"{name} is larger than {MAX_EVENT_BYTES} bytes, too large for the event of an invocation; shorten it."
        )
    return content


def _document(result: invocation.InvocationResult) -> dict[str, object]:
    if result.error_type:
        error = {"type": result.error_type, "message": result.error_message()}
        return {"requestId": result.request_id, "error": error}
    return {"requestId": result.request_id, "result": result.value()}
