"""Fixtures with one package for each runtime, built once per test run with an interpreter of that version."""

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest

from express_sync.ops.packaging.package import Package, build
from express_sync.ops.packaging.runtimes import RUNTIMES, interpreter
from express_sync.ops.terminal.errors import CliError
from tests.support.checkout import ROOT
from tests.support.required import unavailable

TEMPLATE = ROOT / "template.yml"


@dataclass(frozen=True)
class Built:
    """A package, an interpreter of its version, and the directory in which it is unpacked."""

    package: Package
    python: str
    code: Path

    def names(self) -> list[str]:
        """Return every file name in the archive, in order."""
        with ZipFile(self.package.path) as archive:
            return archive.namelist()


@cache  # the search runs each candidate
def base_interpreter(runtime: str) -> str:
    """Return an interpreter outside of virtual environments, so that it finds no library of the checkout."""
    try:
        return os.path.realpath(interpreter(RUNTIMES[runtime], os.environ))
    except CliError as error:
        unavailable(f"the package for {runtime} requires its interpreter: {error.message}")


@pytest.fixture(scope="session")
def package_for(shared_path: Path) -> Callable[[str], Built]:
    """Return a function that returns the package for a runtime; the first call builds it."""

    def built_for(runtime: str) -> Built:
        python, folder = base_interpreter(runtime), shared_path / "packages" / runtime
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            record = folder / "package.json"
            if not record.exists():
                _build(runtime, python, folder, record)
            known = json.loads(record.read_text())
        return Built(Package(**{**known, "path": Path(known["path"])}), python, folder / "code")

    return built_for


def _build(runtime: str, python: str, folder: Path, record: Path) -> None:
    package = build(TEMPLATE, runtime, folder / "dist", os.environ, python=python)
    with ZipFile(package.path) as archive:
        archive.extractall(folder / "code")
    for path in (folder / "code").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (folder / "code").chmod(0o555)
    record.write_text(json.dumps({**asdict(package), "path": str(package.path)}))


@pytest.fixture(params=list(RUNTIMES))
def built(request: pytest.FixtureRequest, package_for: Callable[[str], Built]) -> Built:
    """Return the package for each runtime in turn."""
    return package_for(request.param)
