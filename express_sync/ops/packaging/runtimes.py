"""The Python runtimes of Function Compute, and local interpreters of the same version.

Bytecode is valid for one minor version of Python only, so an interpreter of that version has to write it.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from express_sync.ops.targets.places import home
from express_sync.ops.terminal.errors import CliError

_ASK = "import sys; print(sys.implementation.cache_tag)"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime by its name in the template, with its Python version `major.minor` and the platform of its wheels."""

    name: str
    version: str
    platform: str = "manylinux2014_x86_64"

    @property
    def cache_tag(self) -> str:
        """The tag of its bytecode files."""
        return f"cpython-{self.version.replace('.', '')}"


# Function Compute has no 3.11, and its 3.9 is older than what the function is written in.
RUNTIMES: Mapping[str, Runtime] = {
    each.name: each for each in (Runtime("python3.10", "3.10"), Runtime("python3.12", "3.12"))
}


def runtime_named(name: str) -> Runtime:
    """Return the runtime with that name. Raise CliError if the function cannot be packaged for it."""
    if name not in RUNTIMES:
        raise CliError(f"The function cannot be packaged for {name}; name one of {', '.join(RUNTIMES)}.")
    return RUNTIMES[name]


def interpreter(runtime: Runtime, environment: Mapping[str, str], named: str | None = None) -> str:
    """Return an interpreter of the runtime's version: `named`, or one that is found. Raise CliError without one.

    $PYENV_ROOT of `environment` is one of the places that are searched.
    """
    if named is not None:
        if not _is_of(runtime, named):
            raise CliError(
                f"{shlex.quote(named)} is not CPython {runtime.version}, which {runtime.name} requires; name one with"
                f" --python, such as /usr/bin/python{runtime.version}, or omit the option to search for one."
            )
        return named
    found = next((each for each in _candidates(runtime, environment) if _is_of(runtime, each)), None)
    if found is None:
        raise CliError(
            f"Python {runtime.version}, which writes the bytecode for {runtime.name}, was not found; install it, or run"
            f" `express-sync package --runtime {runtime.name}` with --python PATH, or with --no-bytecode for a slower"
            " start; `express-sync deploy` accepts that file as its --package."
        )
    return found


def run_python(
    python: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run an interpreter to its end, in the given environment or this process's. Raise OSError if it cannot start."""
    return subprocess.run(  # noqa: S603 - without a shell, an interpreter that the user has named or installed
        [python, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def _candidates(runtime: Runtime, environment: Mapping[str, str]) -> Iterator[str]:
    # The current interpreter comes last, so that the choice depends on it as little as possible.
    on_path = shutil.which(f"python{runtime.version}")
    if on_path:
        yield on_path
    for pyenv in _pyenv_roots(environment):
        yield from map(str, sorted(pyenv.glob(f"versions/{runtime.version}.*/bin/python"), reverse=True))
    yield sys.executable


def _pyenv_roots(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield where pyenv keeps its interpreters; nothing without a home directory and PYENV_ROOT."""
    base = home(environment)
    if environment.get("PYENV_ROOT"):
        yield Path(environment["PYENV_ROOT"])
    elif base:
        yield base / ".pyenv"


def _is_of(runtime: Runtime, candidate: str) -> bool:
    try:
        process = run_python(candidate, ["-I", "-S", "-c", _ASK])
    except OSError:
        return False
    return process.stdout.strip() == runtime.cache_tag
