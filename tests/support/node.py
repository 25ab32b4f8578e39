"""Node.js and npm for tests of what JavaScript programs see."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.patience import PATIENCE_SECONDS
from tests.support.required import program, unavailable


def run_node(script: str, *arguments: str, given: str = "") -> str:
    """Return what an ES module prints that gets `given` on standard input."""
    return run_node_with("--input-type=module", "--eval", script, "--", *arguments, given=given)


def run_node_with(
    *arguments: str, given: str = "", folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Return what Node.js prints with these arguments of its own and `given` on standard input."""
    run = subprocess.run(
        [program("node"), *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def install(packages: Path, directory: Path, files: Iterable[str] = ()) -> Path:
    """Install the packages of a lock file into a directory outside of the checkout, with `files` beside them."""
    for name in ("package.json", "package-lock.json", ".npmrc", *files):
        shutil.copy(packages / name, directory)
    try:
        subprocess.run(
            [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
            cwd=directory,
            check=True,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        unavailable(f"npm could not install the packages: {(error.stderr or b'').decode()[-500:]}")
    return directory
