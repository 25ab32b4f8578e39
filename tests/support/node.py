"""Node.js and npm for tests of what JavaScript programs see; without them such a test is skipped, except in CI."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.patience import PATIENCE_SECONDS


def unavailable(reason: str) -> NoReturn:
    """Skip the test, except in CI, where Node.js is required."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def node() -> str:
    """Return the program of Node.js."""
    return shutil.which("node") or unavailable("Node.js is not installed")


def run_node(script: str, *arguments: str, given: str = "", folder: Path | None = None) -> str:
    """Return what an ES module prints that gets `given` on standard input."""
    return run_node_with("--input-type=module", "--eval", script, "--", *arguments, given=given, folder=folder)


def run_node_with(*arguments: str, given: str = "", folder: Path | None = None) -> str:
    """Return what Node.js prints with these arguments of its own and `given` on standard input."""
    run = subprocess.run(
        [node(), *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def install(packages: Path, directory: Path, files: Iterable[str] = ()) -> Path:
    """Install the packages of a lock file into a directory outside of the checkout, with `files` beside them."""
    for name in ("package.json", "package-lock.json", ".npmrc", *files):
        shutil.copy(packages / name, directory)
    try:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
            cwd=directory,
            check=True,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
    except FileNotFoundError:
        unavailable("npm is not installed")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        unavailable(f"npm could not install the packages: {(error.stderr or b'').decode()[-500:]}")
    return directory
