"""Which files are shipped: the function and its contracts, and the parts of each wheel that are needed at run time."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from express_sync import paths
from express_sync.ops.targets.registration import DIRECTORY

# Files of wheels that are not shipped, by path; `*` matches slashes, too.
EXCLUDED = (
    "*.dist-info/*",  # no shipped code uses importlib.metadata
    "*.data/*",  # scripts for a shell
    "*-stubs/*",
    "*.pyi",
    "*/py.typed",  # for type checkers, like the two above
    "*.c",
    "*/tests/*",
    "*/benchmarks/*",
    "wrapt/_wrappers.*",  # accelerates a wrapper that is never called; without it wrapt uses its Python implementation
)


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that a package is built from, and the directory for downloaded wheels."""

    handler: Path
    schemas: Path
    lock: Path
    wheels: Path


def sources_of(template: Path) -> Sources:
    """Return the sources beside `template`, or those of this installation for its own template."""
    root = template.resolve().parent
    if paths.IS_INSTALLED and root == paths.ROOT:
        handler = paths.CODE / "handler"
        return Sources(handler, handler / "schemas", root / "function.txt", Path.cwd() / DIRECTORY / "wheels")
    lock = root / "requirements" / "function.txt"
    return Sources(root / "handler", root / "schemas", lock, root / DIRECTORY / "wheels")


def is_excluded(name: str) -> bool:
    """Return whether the file of a wheel with that path is not shipped."""
    return any(fnmatchcase(name, pattern) for pattern in EXCLUDED)


def stage(sources: Sources, wheels: Sequence[Path], directory: Path) -> None:
    """Copy everything that is shipped into `directory`, in the layout of `/code`."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            shipped = [each for each in archive.infolist() if not each.is_dir() and not is_excluded(each.filename)]
            archive.extractall(directory, shipped)
    _copy(sources.handler, "*.py", directory / "handler")
    _copy(sources.schemas, "*.v1.json", directory / "schemas")


def _copy(folder: Path, pattern: str, target: Path) -> None:
    for source in folder.rglob(pattern):
        copy = target / source.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
