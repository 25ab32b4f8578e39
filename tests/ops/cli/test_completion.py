"""The completion of shells, in each shell that is installed."""

import shutil
import subprocess

import pytest

from tests.support.cli import ROOT, Shell

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
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert f"_EXPRESS_SYNC_COMPLETE={name}_source express-sync" in page
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    place = shell.directory / "bin"
    place.mkdir()
    program = place / "express-sync"
    program.write_text(f'#!/bin/sh\nexec {" ".join(shell.command())} "$@"\n')
    program.chmod(0o755)
    environment = shell.variables()
    environment["PATH"] = f"{place}:{environment['PATH']}"
    ended = subprocess.run(
        SHELLS[name], cwd=shell.directory, env=environment, capture_output=True, text=True, check=False
    )
    assert "failures" in ended.stdout, ended
