"""The Python runtimes of Function Compute, and where this machine has an interpreter of the same version.

Bytecode is good for one minor version of Python only, so it has to be written by that one, whichever runs the tool.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from express_sync.ops.terminal.errors import CliError

_ASK = "import sys; print(sys.implementation.cache_tag)"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime as the template names it, its Python as `major.minor`, and what its wheels have to be built for."""

    name: str
    version: str
    platform: str = "manylinux2014_x86_64"

    @property
    def cache_tag(self) -> str:
        """What its interpreter calls its bytecode."""
        return f"cpython-{self.version.replace('.', '')}"


# Function Compute has no 3.11, and its 3.9 is older than what the function is written in.
RUNTIMES: Mapping[str, Runtime] = {
    each.name: each for each in (Runtime("python3.10", "3.10"), Runtime("python3.12", "3.12"))
}


def runtime_named(name: str) -> Runtime:
    """The runtime of that name. CliError if the function cannot be packaged for it."""
    if name not in RUNTIMES:
        raise CliError(f"The function cannot be packaged for {name}; name one of {', '.join(RUNTIMES)}.")
    return RUNTIMES[name]


def interpreter(runtime: Runtime, named: str | None = None) -> str:
    """An interpreter of the runtime's version: the one `named`, else one found. CliError if there is none."""
    if named is not None:
        if not _is_of(runtime, named):
            raise CliError(
                f"{shlex.quote(named)} is no CPython {runtime.version}, whose bytecode {runtime.name} reads; name one"
                f" with --python, such as /usr/bin/python{runtime.version}, or leave it out, and one is looked for."
            )
        return named
    found = next((each for each in _candidates(runtime) if _is_of(runtime, each)), None)
    if found is None:
        raise CliError(
            f"No Python {runtime.version} is found to write the bytecode of {runtime.name} with; install it, or run"
            f" `express-sync package --runtime {runtime.name}` with --python PATH, or with --no-bytecode for a slower"
            " start; `express-sync deploy` takes that file as its --package."
        )
    return found


def _candidates(runtime: Runtime) -> Iterator[str]:
    # The tool's own comes last, so that the choice does not depend on what runs the tool.
    on_path = shutil.which(f"python{runtime.version}")
    if on_path:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))  # noqa: TID251 - where pyenv says it is
    yield from map(str, sorted(pyenv.glob(f"versions/{runtime.version}.*/bin/python"), reverse=True))
    yield sys.executable


def _is_of(runtime: Runtime, candidate: str) -> bool:
    try:
        asked = subprocess.run(  # noqa: S603 - an interpreter that the user named or has installed
            [candidate, "-I", "-S", "-c", _ASK], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return asked.stdout.strip() == runtime.cache_tag
