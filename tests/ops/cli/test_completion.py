"""The completion of shells, in each shell that is installed."""

import subprocess

import pytest

from tests.support.checkout import DOCS
from tests.support.cli import Shell
from tests.support.required import program

_BASH = """
eval "$(_EXPRESS_SYNC_COMPLETE=bash_source express-sync)"
COMP_WORDS=(express-sync fai)
COMP_CWORD=1
_express_sync_completion express-sync
echo "${COMPREPLY[@]}"
"""
# what each shell runs to complete `express-sync SUB`, after the line of the documentation
SHELLS = {
    "bash": (
        "bash",
        "--noprofile",
        "--norc",
        "-c",
        _BASH,
    ),
    "zsh": (
        "zsh",
        "-f",
        "-c",
        'COMP_WORDS="express-sync fai" COMP_CWORD=1 _EXPRESS_SYNC_COMPLETE=zsh_complete express-sync',
    ),
    "fish": (
        "fish",
        "--no-config",
        "-c",
        "_EXPRESS_SYNC_COMPLETE=fish_source express-sync | source; complete --do-complete 'express-sync fai'",
    ),
}


@pytest.mark.parametrize("name", SHELLS)
def test_shell_completes_a_command(name: str, shell: Shell) -> None:
    """The line of docs/command-line.md is enough."""
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    assert f"_EXPRESS_SYNC_COMPLETE={name}_source express-sync" in page
    program(name, is_optional=True)
    place = shell.directory / "bin"
    place.mkdir()
    shim = place / "express-sync"
    shim.write_text(f'#!/bin/sh\nexec {" ".join(shell.command())} "$@"\n')
    shim.chmod(0o755)
    environment = shell.variables()
    environment["PATH"] = f"{place}:{environment['PATH']}"
    ended = subprocess.run(
        SHELLS[name], cwd=shell.directory, env=environment, capture_output=True, text=True, check=False
    )
    assert "failures" in ended.stdout, ended


# The protocol of click: what each generated script sets before it runs the program, and one of the lines it reads.
PROTOCOLS = {
    "bash": ({"COMP_WORDS": "express-sync fai", "COMP_CWORD": "1"}, "plain,failures"),
    "zsh": ({"COMP_WORDS": "express-sync fai", "COMP_CWORD": "1"}, "failures"),
    "fish": ({"COMP_WORDS": "express-sync fai", "COMP_CWORD": "fai"}, "plain,failures\tShow what failed,"),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_program_answers_the_script_of_each_shell(name: str, shell: Shell) -> None:
    """The shell need not be installed."""
    variables, expected = PROTOCOLS[name]
    answering = Shell(shell.directory, {"_EXPRESS_SYNC_COMPLETE": f"{name}_complete", **variables})
    ended = answering.run()
    assert any(line.startswith(expected) for line in ended.out.splitlines()), ended


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("express-sync watch --st", "--status"),
        ("express-sync watch --status inde", "indeterminate"),
        ("express-sync portal token re", "revoke"),
        ("express-sync kill --after pub", "publish-sent"),
        ("express-sync destroy --dry", "--dry-run"),
    ],
)
def test_options_values_and_subcommands_are_completed(typed: str, expected: str, shell: Shell) -> None:
    """Each word is one line of the answer."""
    variables = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    ended = Shell(shell.directory, {"_EXPRESS_SYNC_COMPLETE": "zsh_complete", **variables}).run()
    assert expected in ended.out.splitlines()


def test_script_of_zsh_names_its_program(shell: Shell) -> None:
    """It registers with compdef, which the line of the page before it loads."""
    script = Shell(shell.directory, {"_EXPRESS_SYNC_COMPLETE": "zsh_source"}).run().out
    assert "compdef _express_sync_completion express-sync" in script
    assert "compinit" in (DOCS / "command-line.md").read_text(encoding="utf-8")
