"""The function's package as a file: its hash, its size and the Python that its compiled modules are for.

Knows zip files and tags of compiled modules; must not know how a package is built or where it goes.
"""

import hashlib
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from express_sync.ops.terminal.errors import CliError

DISTRIBUTIONS = Path(__file__).resolve().parents[3] / "dist"
_NATIVE = re.compile(r"\.cpython-3(?P<minor>[0-9]+)-(?P<platform>[a-z0-9_-]+)\.so$")
_PLATFORM = "x86_64-linux-gnu"  # Function Compute's built-in runtimes run on nothing else


@dataclass(frozen=True, slots=True)
class Package:
    """A package; `runtime` is that of FC which can run it, such as `python3.10`, empty if any can."""

    path: Path
    sha256: str
    runtime: str
    size: int

    @property
    def key(self) -> str:
        """Its key in a bucket: named after the content, so that another content is another object."""
        return f"express-sync/function-{self.sha256[:16]}.zip"


def read(path: Path) -> Package:
    """The package in the file at `path`. CliError if it is no package, or one that no runtime can run."""
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise CliError(
            f"{path} is no readable package ({_what(error)}); build it, or name another --package."
        ) from None
    return Package(path, hashlib.sha256(content).hexdigest(), _runtime(names, path), len(content))


def newest(directory: Path) -> Package | None:
    """The package that was built last into `directory`, if one was."""
    built = sorted(directory.glob("function-*.zip"), key=lambda path: path.stat().st_mtime)
    return read(built[-1]) if built else None


def check(package: Package, runtime: str, handler: str) -> None:
    """CliError unless the stack's `runtime` can run the package, and its `handler` is in there."""
    if package.runtime not in ("", runtime):
        raise CliError(
            f"{package.path} is for {package.runtime}, but the stack is to run on {runtime};"
            f" build the package for {runtime}, or add --parameter Runtime={package.runtime}."
        )
    module = handler.rpartition(".")[0].replace(".", "/")
    with zipfile.ZipFile(package.path) as archive:
        if not {f"{module}.py", f"{module}.pyc"} & set(archive.namelist()):
            raise CliError(f"{package.path} holds no {module}.py, which Handler in template.yml names; build it anew.")


def _runtime(names: Iterable[str], path: Path) -> str:
    found = {(match["minor"], match["platform"]) for name in names if (match := _NATIVE.search(name))}
    strange = sorted(platform for _, platform in found if platform != _PLATFORM)
    if strange:
        raise CliError(f"{path} holds modules for {strange[0]}, not {_PLATFORM}; build it for Function Compute.")
    versions = sorted({f"python3.{minor}" for minor, _ in found})
    if len(versions) > 1:
        raise CliError(f"{path} mixes modules for {' and '.join(versions)}; build it anew.")
    return versions[0] if versions else ""


def _what(error: OSError | zipfile.BadZipFile) -> str:
    return (isinstance(error, OSError) and error.strerror) or "it is not a zip file"
