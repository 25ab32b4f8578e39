"""Reads the function package from a file: its hash, its size, and the Python version of its compiled modules."""

import hashlib
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from express_sync.ops.packaging.package import Package
from express_sync.ops.terminal.errors import CliError

_NATIVE = re.compile(r"\.cpython-3(?P<minor>[0-9]+)-(?P<platform>[a-z0-9_-]+)\.so$")
_PLATFORM = "x86_64-linux-gnu"  # the only platform of Function Compute's built-in runtimes


def read(path: Path) -> Package:
    """Return the package in the file at `path`. Raise CliError if it is not a package that some runtime can run."""
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise CliError(
            f"{path} is not a readable package ({_reason(error)}); build it, or name another --package."
        ) from None
    return Package(path, hashlib.sha256(content).hexdigest(), _runtime(names, path), len(content))


def newest(directory: Path) -> Package | None:
    """Return the latest package in `directory`, or None."""
    built = sorted(directory.glob("function-*.zip"), key=lambda path: path.stat().st_mtime)
    return read(built[-1]) if built else None


def check(package: Package, runtime: str, handler: str) -> None:
    """Raise CliError unless `runtime` can run the package and the package contains `handler`."""
    if package.runtime not in ("", runtime):
        raise CliError(
            f"{package.path} is for {package.runtime}, but the runtime of the stack is {runtime};"
            f" build the package for {runtime}, or add --parameter Runtime={package.runtime}."
        )
    module = handler.rpartition(".")[0].replace(".", "/")
    with zipfile.ZipFile(package.path) as archive:
        if not {f"{module}.py", f"{module}.pyc"} & set(archive.namelist()):
            raise CliError(
                f"{package.path} does not contain {module}.py, which Handler in template.yml names; build it again."
            )


def _runtime(names: Iterable[str], path: Path) -> str:
    found = {(match["minor"], match["platform"]) for name in names if (match := _NATIVE.search(name))}
    foreign = sorted(platform for _, platform in found if platform != _PLATFORM)
    if foreign:
        raise CliError(f"{path} contains modules for {foreign[0]}, not {_PLATFORM}; build it for Function Compute.")
    versions = sorted({f"python3.{minor}" for minor, _ in found})
    if len(versions) > 1:
        raise CliError(f"{path} mixes modules for {' and '.join(versions)}; build it again.")
    return versions[0] if versions else ""


def _reason(error: OSError | zipfile.BadZipFile) -> str:
    return (isinstance(error, OSError) and error.strerror) or "it is not a zip file"
