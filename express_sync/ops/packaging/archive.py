"""Writes a directory into an archive; the same directory always gives the same bytes. A standalone script:

    python archive.py DIRECTORY ARCHIVE           the files as they are
    python archive.py DIRECTORY ARCHIVE OWN ...   Python compiled; the packages OWN with their sources, others without

It is run by the interpreter whose bytecode it writes, so it imports only the standard library. The bytecode is marked
as never to be checked against its source, which saves reading a read-only directory twice; it is written in version 2
of marshal, because the output of later versions depends on the memory of the interpreter.
"""

import importlib.util
import marshal
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: hash-based, not checked
MIN_DATE = (1980, 1, 1, 0, 0, 0)  # of a zip archive
READABLE_FILE = 0o100644 << 16
UNIX = 3

Entry = tuple[str, bytes]


def bytecode(name: str, source: bytes) -> bytes:
    """Return the content of the .pyc file of a source; tracebacks will refer to it as `name`."""
    code = compile(source, name, "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + importlib.util.source_hash(source)
    return head + marshal.dumps(code, 2)


def compiled(name: str, source: bytes, own: frozenset[str]) -> Iterator[Entry]:
    """Yield a module as it is shipped: source and bytecode, or bytecode only."""
    path = PurePosixPath(name)
    if path.parts[0] not in own:
        yield f"{name}c", bytecode(name, source)
        return
    yield name, source
    yield importlib.util.cache_from_source(name, optimization=""), bytecode(name, source)


def entries(directory: Path, own: frozenset[str]) -> Iterator[Entry]:
    """Yield every file of the archive in any order; nothing is compiled if `own` is empty."""
    for path in directory.rglob("*"):
        if path.is_dir():
            continue
        name, content = path.relative_to(directory).as_posix(), path.read_bytes()
        if own and path.suffix == ".py":
            yield from compiled(name, content, own)
        else:
            yield name, content


def main(directory: str, archive: str, *own: str) -> None:
    """Write `archive`."""
    with zipfile.ZipFile(archive, "w") as target:
        for name, content in sorted(entries(Path(directory), frozenset(own))):
            info = zipfile.ZipInfo(name, MIN_DATE)
            info.create_system, info.external_attr = UNIX, READABLE_FILE
            target.writestr(info, content, zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main(*sys.argv[1:])
