"""The commands of the command line, for tests that hold all of them to a rule."""

from collections.abc import Iterator

import click

from express_sync.ops.cli import commands


def runnable(command: click.Command = commands, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield each command that can be run, with its whole name: a group only if it needs no subcommand."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from runnable(child, (*path, name))
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield " ".join(path), command
