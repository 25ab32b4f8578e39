"""The code directories that are compared: this function, and the same work with other libraries, packed alike.

Peers are installed from locks of their own, for the runtime's Python; they never enter the project's environment.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from express_sync.ops.packaging.compile import archived
from express_sync.ops.packaging.manifest import is_excluded
from express_sync.ops.packaging.package import WITH_SOURCE, build
from express_sync.ops.packaging.runtimes import RUNTIMES, interpreter

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).with_name("peers")
RUNTIME = RUNTIMES["python3.10"]
REQUIREMENTS = ROOT / "requirements"
# The older SDK has no lock of its own: the command line uses it for another service.
_OLDER_SDK = ("aliyun-python-sdk-core", "cffi", "cryptography", "jmespath", "pycparser")
_BLOCK = re.compile(r"^(?P<name>[a-z0-9-]+)==[^\n]*\\\n(?:    --hash[^\n]*\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An unpacked package and the size of its archive in bytes."""

    code: Path
    size: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """All candidates, and the interpreter that runs them; `plain` means without bytecode."""

    python: str
    ours: Candidate
    ours_plain: Candidate
    tea: Candidate
    tea_plain: Candidate
    core: Candidate
    powertools: Candidate
    floor: Candidate
    nothing: Candidate


@contextmanager
def prepared() -> Iterator[Candidates]:
    """Yield all candidates in temporary directories. CliError if one cannot be built."""
    python = str(Path(interpreter(RUNTIME, os.environ)).resolve())
    with TemporaryDirectory(prefix="express-sync-bench-") as temporary:
        place = Path(temporary)
        yield Candidates(
            python=python,
            ours=_ours(place / "ours", python, with_bytecode=True),
            ours_plain=_ours(place / "ours-plain", python, with_bytecode=False),
            tea=_peer(place / "tea", python, "tea", WITH_SOURCE),
            tea_plain=_peer(place / "tea-plain", python, "tea", ()),
            core=_peer(place / "core", python, "core", WITH_SOURCE),
            powertools=_peer(place / "powertools", python, "powertools", WITH_SOURCE),
            floor=_peer(place / "floor", python, "floor", WITH_SOURCE),
            nothing=_peer(place / "nothing", python, "nothing", WITH_SOURCE),
        )


def _ours(place: Path, python: str, *, with_bytecode: bool) -> Candidate:
    package = build(ROOT / "template.yml", RUNTIME.name, place, os.environ, python=python, with_bytecode=with_bytecode)
    return _unpacked(package.path.read_bytes(), place)


def _peer(place: Path, python: str, name: str, own: tuple[str, ...]) -> Candidate:
    staged = place / "staged"
    (staged / "handler").mkdir(parents=True)
    shutil.copytree(ROOT / "schemas", staged / "schemas")
    shutil.copy(PEERS / f"{name}.py", staged / "handler" / "entry.py")
    (staged / "handler" / "__init__.py").touch()
    if pins := _pins(name):
        libraries = installed(name, pins, python)
        for path in libraries.rglob("*"):
            target = staged / path.relative_to(libraries)
            if path.is_file() and not is_excluded(path.relative_to(libraries).as_posix()):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    return _unpacked(archived(python, staged, own), place)


def _pins(name: str) -> str:
    """Return the pinned libraries of a peer, in the form of pip's requirements; empty for none."""
    if name == "core":
        older = (
            each[0] for each in _BLOCK.finditer((REQUIREMENTS / "run.txt").read_text()) if each["name"] in _OLDER_SDK
        )
        return (REQUIREMENTS / "function.txt").read_text() + "".join(older)
    lock = REQUIREMENTS / f"peer-{name}.txt"
    return lock.read_text() if lock.exists() else ""


def installed(name: str, pins: str, python: str) -> Path:
    """Return the directory with the pinned libraries, installed once for each state of the pins."""
    state = hashlib.sha256(pins.encode()).hexdigest()[:16]
    libraries = ROOT / ".express-sync" / "bench" / f"peer-{name}-{state}"
    if not libraries.exists():
        unfinished, lock = libraries.with_suffix(".part"), libraries.with_suffix(".txt")
        shutil.rmtree(unfinished, ignore_errors=True)
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text(pins)
        exactly = ["--no-deps", "--require-hashes", "--no-compile", "--requirement", str(lock)]
        quietly = ["--quiet", "--quiet", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quietly, *exactly, "--target", str(unfinished)], check=True)
        unfinished.rename(libraries)
    return libraries


def _unpacked(archive: bytes, place: Path) -> Candidate:
    package, code = place / "function.zip", place / "code"
    package.write_bytes(archive)
    with ZipFile(package) as opened:
        opened.extractall(code)
    return Candidate(code, len(archive))
