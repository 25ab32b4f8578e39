"""The command lines that the pages show can be typed as they are shown."""

import shlex

import click
from playwright.sync_api import Page

from express_sync.ops.cli import commands
from tests.portal.browser.states import furnish, states
from tests.support.portal_cloud import PortalCloud

SHOWN = {"submit", "watch", "replay", "failures", "fault", "kill", "logs", "doctor"}


def name_and_unknown_words(line: str) -> tuple[str, list[str]]:
    """Return the name of the command in a line, and what that command does not understand."""
    program, name, *words = shlex.split(line.rpartition("| ")[2])
    assert program == "express-sync"
    command = commands.get_command(click.Context(commands), name)
    while isinstance(command, click.Group) and words:
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None, line
    options = {option for parameter in command.params for option in parameter.opts}
    takes_arguments = any(isinstance(parameter, click.Argument) for parameter in command.params)
    unknown = [word for word in words if word.startswith("--") and word not in options]
    return name, unknown if takes_arguments or words[:1] == [] or words[0].startswith("--") else words


def test_every_command_line_exists_with_its_options(page: Page, portal: PortalCloud) -> None:
    found = set()
    for show in states(furnish(portal)).values():
        show(page)
        found.update(page.locator(".command-text").all_inner_texts())
        page.keyboard.press("Escape")
    checked = [name_and_unknown_words(line) for line in found]
    assert [unknown for _, unknown in checked if unknown] == []
    assert {name for name, _ in checked} == SHOWN
