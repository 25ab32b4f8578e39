"""A group of commands that are imported only when they are used, because some imports are slow."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from express_sync.ops.terminal.suggestions import closest


class LazyGroup(click.Group):
    """A group with the commands of a table: the name and the help of each, in the order of the list.

    The module `prefix` + NAME defines the command NAME.
    """

    def __init__(self, *arguments: Any, table: Mapping[str, str], prefix: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._table = table
        self._prefix = prefix

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self._table)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """Return the command with this name, or None."""
        if name not in self._table:
            return None
        command: click.Command = getattr(import_module(f"{self._prefix}{name}"), name)
        command.short_help = self._table[name]  # for the completion of shells
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was typed. UsageError that names a similar one if it is unknown."""
        if arguments and arguments[0] not in self._table and not arguments[0].startswith("-"):
            similar = closest(arguments[0], self._table)
            hint = f" Did you mean {similar}?" if similar else ""
            raise click.UsageError(f"No such command {arguments[0]!r}.{hint}", context)
        return super().resolve_command(context, arguments)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and their help without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._table.items()))
