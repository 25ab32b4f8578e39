"""Which files are shipped: the function and its contracts, and of each wheel what is needed at run time.

Knows file names only; must not know where the wheels come from or what becomes of the files.
"""

import zipfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

# Of the sources: a directory, and what is shipped of it.
OWN: Mapping[str, str] = {"handler": "*.py", "schemas": "*.json"}

# Of the wheels, by path; `*` crosses slashes.
LEFT_OUT = (
    "*.dist-info/*",  # nothing that is shipped asks importlib.metadata
    "*.data/*",  # scripts for a shell
    "*-stubs/*",
    "*.pyi",
    "*/py.typed",  # for type checkers, like the two above
    "*.c",
    "*/tests/*",
    "*/benchmarks/*",
    "wrapt/_wrappers.*",  # makes a wrapper faster that is never called; without it wrapt uses its own Python
)


def is_left_out(name: str) -> bool:
    """Whether a wheel's file of that path is not shipped."""
    return any(fnmatchcase(name, pattern) for pattern in LEFT_OUT)


def stage(sources: Path, wheels: Sequence[Path], directory: Path) -> None:
    """Lay everything that is shipped into `directory`, in the places it has in `/code`."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            shipped = [each for each in archive.infolist() if not each.is_dir() and not is_left_out(each.filename)]
            archive.extractall(directory, shipped)
    for folder, pattern in OWN.items():
        for source in (sources / folder).rglob(pattern):
            target = directory / source.relative_to(sources)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
