"""`express-sync invoke`: one event through the function."""

import json
import sys
from pathlib import Path

import click

from express_sync.ops.fc import invocation
from express_sync.ops.requests.files import STANDARD_INPUT
from express_sync.ops.targets.target import Target, changes_target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with

LARGEST_EVENT = 32 * 1024 * 1024  # of a synchronous invocation


@click.command(short_help="Hand one event to the function.")
@click.argument("event_file")
@click.option("--json", "as_json", is_flag=True, help="Print request id, result and error as one line of JSON.")
@changes_target("invokes its function")
def invoke(target: Target, event_file: str, as_json: bool) -> None:
    """Hand the bytes of EVENT_FILE (- for standard input) to the function as its event, and print its result.

    The bytes are handed over as they are: a trigger's envelope or a bare request, whose outcome is the result.

    \b
    Examples:
      express-sync invoke events/triggers/batch.json
      express-sync invoke events/requests/minimal.json | jq .data.status

    \b
    Exit codes:
      0    the function returned
      1    the function failed
      2    not possible; one sentence says why
      130  interrupted
    """
    if "fc" not in target.profile:
        raise CliError("The profile names no function; add fc.endpoint and fc.function to it.")
    fc = target.profile["fc"]
    answer = invocation.invoke(fc["endpoint"], fc["function"], target.credentials, _event(event_file))
    if as_json:
        output.json_line(_document(answer))
    elif answer.error_type:
        output.info(f"{answer.error_type}: {answer.error_message()}")
    else:
        sys.stdout.write(answer.body + "\n")
    if answer.error_type:
        exit_with(ExitCode.UNSUCCESSFUL)


def _event(event_file: str) -> bytes:
    try:
        if event_file == STANDARD_INPUT:
            return sys.stdin.buffer.read(LARGEST_EVENT)
        with Path(event_file).open("rb") as file:
            return file.read(LARGEST_EVENT)
    except IsADirectoryError:
        raise CliError(f"{event_file} is a directory; name one file.") from None
    except OSError as error:
        raise CliError(f"{event_file} cannot be read: {error.strerror}; name another file.") from error


def _document(answer: invocation.Answer) -> dict[str, object]:
    if answer.error_type:
        error = {"type": answer.error_type, "message": answer.error_message()}
        return {"requestId": answer.request_id, "error": error}
    try:
        result = json.loads(answer.body)
    except ValueError:
        result = answer.body
    return {"requestId": answer.request_id, "result": result}
