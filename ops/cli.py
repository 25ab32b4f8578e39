"""`express-sync`: the commands together, and how the process ends. Adding a command is one import and one line."""

import sys

import click

from ops.commands.demo import demo
from ops.commands.invoke import invoke
from ops.commands.submit import submit
from ops.commands.up import up
from ops.commands.watch import watch
from ops.problems import ExitCode


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="express-sync-provisioner")
def commands() -> None:
    """Provision express synchronization groups through a queue, on a cloud of your own or on this machine.

    \b
    Start here:
      express-sync demo                  see everything work, on a cloud that lives for seconds
      express-sync up                    run the local cloud until Ctrl-C
      express-sync submit request.json   send a request to it
      express-sync watch                 see what becomes of requests

    \b
    Every command acts on a profile: --profile NAME, else $EXPRESS_SYNC_PROFILE, else the `up` of this checkout.
    A profile is a file .express-sync/profiles/NAME.json or ~/.config/express-sync/NAME.json with the object that
    `express-sync up --json` prints; keys may be left out and then come from ALIBABA_CLOUD_ACCESS_KEY_ID,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN.

    \b
    Exit codes:
      0    done
      1    done, and not what one hopes for
      2    not possible; one sentence says why
      3    time ran out
      130  interrupted
    """


for command in (up, demo, submit, watch, invoke):
    commands.add_command(command)


def main() -> None:
    """Run the command line and end the process with its exit code; never with a traceback for a user's error."""
    try:
        code = commands.main(prog_name="express-sync", standalone_mode=False)
    except click.Abort:
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    sys.exit(code or ExitCode.DONE)
