"""`express-sync`: the commands together, and how the process ends. Adding a command is one name in a table."""

import sys
import traceback
from importlib import import_module

import click

from express_sync.ops.terminal.errors import CliError, ExitCode

# In the order of the help; `express_sync.ops.commands.NAME` holds the command NAME.
COMMANDS = (
    "up",
    "demo",
    "package",
    "deploy",
    "status",
    "destroy",
    "doctor",
    "submit",
    "watch",
    "failures",
    "replay",
    "invoke",
)
_OURS = ("express_sync", "handler")


class _Commands(click.Group):
    """The commands of the table, each imported only when it is asked for: most of them need little of the rest."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The command of this name, None if there is none."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"express_sync.ops.commands.{name}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="express-sync-provisioner")
def commands() -> None:
    """Provision express synchronization groups through a queue, on a cloud of your own or on this machine.

    \b
    Start here:
      express-sync demo                  see everything work, on a cloud that lives for seconds
      express-sync demo --outage         see an outage pass by itself, and another one mended
      express-sync up                    run the local cloud until Ctrl-C
      express-sync submit request.json   send a request to it
      express-sync watch                 see what becomes of requests
      express-sync failures list         see what failed, and `replay` it
      express-sync doctor                see what is missing or wrong, and what to do

    \b
    In an account of yours:
      express-sync package               build what is deployed
      express-sync deploy                package, stack, wait, doctor; --dry-run says what it would do
      express-sync status, destroy       how the stack is; delete it

    \b
    Every command acts on a profile: --profile NAME, else $EXPRESS_SYNC_PROFILE, else the `up` of this checkout.
    A profile is a file .express-sync/profiles/NAME.json or ~/.config/express-sync/NAME.json with the object that
    `express-sync up --json` prints. For the real cloud {"region": "cn-hangzhou", "accountId": "1234567890123456"}
    is enough; `--profile env` takes those from EXPRESS_SYNC_REGION, EXPRESS_SYNC_ACCOUNT_ID and
    EXPRESS_SYNC_NAME_PREFIX. Keys come from the profile, ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET
    and ALIBABA_CLOUD_SECURITY_TOKEN, ~/.alibabacloud/credentials, or ~/.aliyun/config.json, in this order.

    \b
    Services are called over https, with certificates verified; SSL_CERT_FILE names others to trust. Proxies of the
    environment and ~/.netrc are never used.

    \b
    Exit codes:
      0    done
      1    done, and not what one hopes for
      2    not possible; one sentence says why
      3    time ran out
      130  interrupted
      141  whoever read the output has gone
    """


def _say(sentence: str) -> int:
    CliError(sentence).show()
    return ExitCode.ERROR


def _help_of(context: click.Context | None) -> str:
    return f"{context.command_path if context else 'express-sync'} --help"


def _ended(error: click.Abort | click.ClickException) -> int:
    """Say what has ended a command, and with which code."""
    match error:
        case click.Abort():
            return ExitCode.INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():  # its message is the whole help
            error.show()
            return error.exit_code
        case click.UsageError():
            message = error.format_message()
            return _say(f"{message}{'' if message.endswith(('.', '?')) else '.'} See {_help_of(error.ctx)}.")
        case _:
            error.show()
            return error.exit_code


def _fault(error: Exception) -> str:
    """Return what to say of a fault of ours: its kind and place, as its text or a traceback might quote a key."""
    named = ((str(frame.f_globals.get("__name__")), line) for frame, line in traceback.walk_tb(error.__traceback__))
    places = [f"{name}:{line}" for name, line in named if name.partition(".")[0] in _OURS]
    return f"This is a fault of express-sync, {type(error).__name__} at {places[-1]}; report it with the command."


def main() -> None:
    """Run the command line and end the process with its exit code; never with a traceback."""
    try:
        code = commands.main(prog_name="express-sync", standalone_mode=False)
    except (click.Abort, click.ClickException) as error:
        code = _ended(error)
    except SystemExit:  # how click ends where the reader of the output has gone, with a code that is a verdict here
        code = ExitCode.BROKEN_PIPE
    except OSError as error:  # every file and service that a command opens is guarded there; this is its own output
        code = _say(f"Its output cannot be written ({error.strerror}); send it elsewhere.")
    except Exception as error:
        code = _say(_fault(error))
    sys.exit(code or ExitCode.DONE)
