"""Builds the package for one runtime: the same sources, lock and interpreter always give the same bytes."""

import hashlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from express_sync.ops.packaging.compile import archived
from express_sync.ops.packaging.lock import pins
from express_sync.ops.packaging.manifest import sources_of, stage
from express_sync.ops.packaging.runtimes import Runtime, interpreter, runtime_named
from express_sync.ops.packaging.wheels import wheels
from express_sync.ops.terminal.errors import CliError

MAX_BYTES = 1_200_000
STEPS = ("Reading the lock", "Fetching wheels", "Unpacking", "Compiling and packing")
WITH_SOURCE = ("handler",)  # so that its stack traces show lines; the sources of all libraries would be too large

OnStep = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Package:
    """A package in a file; `runtime` is the only one that can run it, such as `python3.10`, or empty if all can."""

    path: Path
    sha256: str
    runtime: str
    size: int

    @property
    def key(self) -> str:
        """Its key in a bucket, derived from the content, so that a changed package is another object."""
        return f"express-sync/function-{self.sha256[:16]}.zip"


def build(
    template: Path,
    runtime: str,
    out: Path,
    environment: Mapping[str, str],
    *,
    python: str | None = None,
    with_bytecode: bool = True,
    on_step: OnStep = lambda _step: None,
) -> Package:
    """Build the package of `template` for `runtime`, and write `function-<sha>.zip` into the directory `out`.

    `python` names the interpreter that compiles; by default one is searched for, also in $PYENV_ROOT of `environment`.
    Without bytecode, the current interpreter writes the archive. `on_step` is called with each of STEPS. Raise CliError
    if the package cannot be built or is larger than MAX_BYTES.
    """
    target, sources = runtime_named(runtime), sources_of(template)
    compiler = interpreter(target, environment, python) if with_bytecode else sys.executable
    steps = iter(STEPS)
    with tempfile.TemporaryDirectory(prefix="express-sync-package-") as staged:
        on_step(next(steps))
        pinned = pins(sources.lock, target)
        on_step(next(steps))
        fetched = wheels(pinned, target, sources.wheels)
        on_step(next(steps))
        stage(sources, fetched, Path(staged))
        on_step(next(steps))
        return _written(archived(compiler, Path(staged), WITH_SOURCE if with_bytecode else ()), target, out)


def _written(content: bytes, runtime: Runtime, out: Path) -> Package:
    if len(content) > MAX_BYTES:
        raise CliError(f"The package has {len(content)} bytes, more than {MAX_BYTES}; ship less.")
    sha256 = hashlib.sha256(content).hexdigest()
    path = out / f"function-{sha256[:16]}.zip"
    unfinished = path.with_suffix(".part")
    try:
        out.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise CliError(f"{path} cannot be written ({error.strerror}); name a directory with --out.") from error
    return Package(path, sha256, runtime.name, len(content))
