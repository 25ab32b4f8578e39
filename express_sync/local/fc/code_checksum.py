"""The size and the checksum of the function's code.

Reproduces: the form, a CRC-64 of ECMA-182 in decimal digits (pages of GetFunction and InvokeFunction; the official Go
SDK computes it with the reflected polynomial). Chosen: it is taken of the SHA-256 digests of the files of the handler's
own package, because the local cloud runs a directory and builds no package; it changes when one of these files does.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_POLYNOMIAL = 0xC96C5795D7870F42
_ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class CodeSummary:
    """The total of the code's files in bytes, and the checksum."""

    size: int
    checksum: str


def crc64(data: bytes) -> int:
    """Return the CRC-64 of `data` by ECMA-182, reflected and inverted."""
    value = _ALL
    for byte in data:
        value ^= byte
        for _bit in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value ^ _ALL


def code_summary(directory: Path, handler: str) -> CodeSummary:
    """Return the summary of the package, or the module, that the dotted `handler` is in."""
    contents = [path.read_bytes() for path in _files(directory, handler.partition(".")[0])]
    digests = b"".join(hashlib.sha256(content).digest() for content in contents)
    return CodeSummary(sum(map(len, contents)), str(crc64(digests)))


def _files(directory: Path, package: str) -> Iterator[Path]:
    if (module := directory / f"{package}.py").is_file():
        yield module
    yield from sorted(path for path in (directory / package).rglob("*.py") if path.is_file())
