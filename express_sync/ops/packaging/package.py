"""One archive for one runtime, named after its content: the same sources, lock and interpreter give the same bytes.

Puts the steps together and says what went wrong; must not know where the archive is taken from here.
"""

import hashlib
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from express_sync.ops.packaging.compile import packed
from express_sync.ops.packaging.lock import pins
from express_sync.ops.packaging.manifest import stage
from express_sync.ops.packaging.runtimes import Runtime, interpreter, runtime_named
from express_sync.ops.packaging.wheels import wheels
from express_sync.ops.targets.registration import DIRECTORY
from express_sync.ops.terminal.errors import CliError

MOST_BYTES = 1_200_000
STEPS = ("Reading the lock", "Fetching wheels", "Unpacking", "Compiling and packing")
WITH_SOURCE = ("handler",)  # its stack traces show lines; with the libraries' sources it would all be too large

Told = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Package:
    """A finished package; `size` is that of the archive in bytes, `runtime` the only one it works on."""

    path: Path
    sha256: str
    runtime: str
    size: int


def build(
    template: Path,
    runtime: str,
    out: Path,
    *,
    python: str | None = None,
    with_bytecode: bool = True,
    told: Told = lambda _step: None,
) -> Package:
    """Package the sources beside `template` for `runtime`, and write `function-<sha>.zip` into the directory `out`.

    `python` names the interpreter that compiles, else one is looked for; without bytecode the tool's own packs. `told`
    hears each of STEPS as it begins. Wheels are kept beside the template. CliError if it cannot be built, or is larger
    than MOST_BYTES.
    """
    target, sources = runtime_named(runtime), template.resolve().parent
    compiler = interpreter(target, python) if with_bytecode else sys.executable
    steps = iter(STEPS)
    with tempfile.TemporaryDirectory(prefix="express-sync-package-") as staged:
        told(next(steps))
        pinned = pins(sources / "requirements" / "function.txt", target)
        told(next(steps))
        fetched = wheels(pinned, target, sources / DIRECTORY / "wheels")
        told(next(steps))
        stage(sources, fetched, Path(staged))
        told(next(steps))
        return _placed(packed(compiler, Path(staged), WITH_SOURCE if with_bytecode else ()), target, out)


def _placed(content: bytes, runtime: Runtime, out: Path) -> Package:
    if len(content) > MOST_BYTES:
        raise CliError(f"The package has {len(content)} bytes, more than {MOST_BYTES}; ship less.")
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
