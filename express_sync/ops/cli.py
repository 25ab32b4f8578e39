"""`express-sync`: finds the commands and maps how they end to exit codes. A new command is one row in a table."""

import sys
import traceback
from collections.abc import Mapping, Sequence

import click

from express_sync.ops import system
from express_sync.ops.terminal.errors import CliError, ExitCode
from express_sync.ops.terminal.lazy_group import LazyGroup
from express_sync.ops.terminal.signals import Terminated, end_in_order
from express_sync.ops.terminal.streams import prepare

# Each command with its help, in the order of the list; `express_sync.ops.commands.NAME` defines the command NAME.
COMMANDS: Mapping[str, str] = {
    "up": "Run the local cloud until interrupted.",
    "demo": "Run every sample, or an outage, on a local cloud and check the outcomes.",
    "package": "Build the function package.",
    "deploy": "Deploy template.yml and the function into an account.",
    "status": "Show the status of a deployed stack.",
    "destroy": "Delete a deployed stack with everything in it.",
    "doctor": "Check a cloud from end to end, and name the fixes.",
    "health": "Show what has failed and what waits.",
    "submit": "Check requests and send them to the request queue.",
    "watch": "Show outcomes as they arrive.",
    "failures": "Show what failed, and what to do about it.",
    "replay": "Send failed requests again.",
    "portal": "Run the portal: an HTTP API with a history of all requests.",
    "invoke": "Invoke the function with one event.",
    "fault": "Let calls of a local cloud fail; list and clear faults.",
    "kill": "Kill the function of a local cloud.",
    "logs": "Show the log of the function of a local cloud.",
}
_OURS = ("express_sync", "handler")


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    prefix="express_sync.ops.commands.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="express-sync-provisioner")
def commands() -> None:
    """Provision express synchronization groups through a queue, in your account or on this machine.

    \b
    Start here:
      express-sync demo                 run samples on a temporary local cloud
      express-sync demo --outage        see what recovers and what is replayed
      express-sync up                   run the local cloud until Ctrl-C
      express-sync submit request.json  send a request
      express-sync watch                show the outcomes of requests
      express-sync failures list        show what failed; `replay` sends it again
      express-sync portal               serve requests and their history over HTTP
      express-sync health               show what has failed and what waits
      express-sync doctor               check a system and show how to fix it

    \b
    In your account:
      express-sync package              build the package of the function
      express-sync deploy               deploy a stack and check it, or --dry-run
      express-sync status, destroy      show the state of the stack; delete it

    \b
    Commands that act on a cloud take a profile: --profile NAME, else
    $EXPRESS_SYNC_PROFILE, else the `up` of this checkout. A profile is a
    file NAME.json in .express-sync/profiles or ~/.config/express-sync, with
    the object that `express-sync up --json` prints. For the real cloud this
    is enough:
      {"region": "cn-hangzhou", "accountId": "1234567890123456"}
    `--profile env` reads the same from EXPRESS_SYNC_REGION,
    EXPRESS_SYNC_ACCOUNT_ID and EXPRESS_SYNC_NAME_PREFIX.

    \b
    Keys come from the profile, or else from ALIBABA_CLOUD_ACCESS_KEY_ID,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, or else
    from ~/.alibabacloud/credentials, or else from ~/.aliyun/config.json.

    Services are called over https with verified certificates; SSL_CERT_FILE names additional ones to trust. Proxy
    settings of the environment and ~/.netrc are never used.

    \b
    Exit codes:
      0    completed
      1    completed with failures
      2    not possible; one sentence says why
      3    the time ran out
      130  interrupted
      141  the reader of the output has closed it
    """


def _report(sentence: str) -> int:
    CliError(sentence).show()
    return ExitCode.ERROR


def _help_of(context: click.Context | None) -> str:
    """Return how to ask for the help of the command that was typed, also if click does not say which that is."""
    return f"{context.command_path if context else _typed(sys.argv[1:])} --help"


def _typed(arguments: Sequence[str]) -> str:
    """Return the names of the commands at the start of `arguments`, after that of the program."""
    context = click.Context(commands)
    command: click.Command | None = commands
    words = ["express-sync"]
    for word in arguments:
        command = command.get_command(context, word) if isinstance(command, click.Group) else None
        if command is None:
            break
        words.append(word)
    return " ".join(words)


def _exit_code(error: click.Abort | click.ClickException) -> int:
    """Print the error that ended a command, and return the exit code."""
    match error:
        case click.Abort():
            return ExitCode.INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():  # its message is the whole help
            error.show()
            return error.exit_code
        case click.UsageError():
            message = error.format_message()
            return _report(f"{message}{'' if message.endswith(('.', '?')) else '.'} See {_help_of(error.ctx)}.")
        case _:
            error.show()
            return error.exit_code


def _bug(error: Exception) -> str:
    """Return the message for a bug: its type and place only, as its text or a traceback might contain a key."""
    named = ((str(frame.f_globals.get("__name__")), line) for frame, line in traceback.walk_tb(error.__traceback__))
    places = [f"{name}:{line}" for name, line in named if name.partition(".")[0] in _OURS]
    return f"This is a bug in express-sync ({type(error).__name__} at {places[-1]}); report it with the command."


def _file_error(error: OSError) -> str:
    """Return the message for a file that no command handles; one without a name is standard output."""
    if error.filename is None:
        return f"The output cannot be written ({error.strerror}); redirect it elsewhere."
    return f"{error.filename}: {error.strerror}; check this path and its permissions."


def main() -> None:
    """Run the command line and end the process with an exit code, never with a traceback."""
    prepare(system.environment)
    end_in_order()
    try:
        code = commands.main(prog_name="express-sync", standalone_mode=False)
    except (click.Abort, click.ClickException) as error:
        code = _exit_code(error)
    except SystemExit:  # click's end when the reader of the output has closed it; its code has another meaning here
        code = ExitCode.BROKEN_PIPE
    except Terminated as ending:
        code = ending.code
    except OSError as error:
        code = _report(_file_error(error))
    except Exception as error:
        code = _report(_bug(error))
    sys.exit(code or ExitCode.DONE)
