"""One package for each runtime, built once for all workers of a test run, with an interpreter of that very version."""

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from express_sync.ops.packaging.package import Package, build
from express_sync.ops.packaging.runtimes import RUNTIMES, interpreter
from express_sync.ops.terminal.errors import CliError

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "template.yml"


@dataclass(frozen=True)
class Built:
    """A package, the base interpreter it is for, and where it lies unpacked."""

    package: Package
    python: str
    code: Path

    def names(self) -> list[str]:
        """Every file in the archive, in its order."""
        with ZipFile(self.package.path) as archive:
            return archive.namelist()


def base_interpreter(runtime: str) -> str:
    """An interpreter outside every virtual environment, so that no library of a checkout is in its reach."""
    try:
        return os.path.realpath(interpreter(RUNTIMES[runtime]))
    except CliError as problem:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the package for {runtime} can only be shown with its interpreter: {problem.message}")


@pytest.fixture(scope="session")
def of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return shared / "packages"


@pytest.fixture(scope="session")
def package_for(of_this_run: Path) -> Callable[[str], Built]:
    """The package for a runtime; whoever asks first builds it."""

    def built_for(runtime: str) -> Built:
        python, folder = base_interpreter(runtime), of_this_run / runtime
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
    package = build(TEMPLATE, runtime, folder / "dist", python=python)
    with ZipFile(package.path) as archive:
        archive.extractall(folder / "code")
    for path in (folder / "code").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (folder / "code").chmod(0o555)
    record.write_text(json.dumps({**asdict(package), "path": str(package.path)}))


@pytest.fixture(params=list(RUNTIMES))
def built(request: pytest.FixtureRequest, package_for: Callable[[str], Built]) -> Built:
    """The package for each runtime in turn."""
    return package_for(request.param)
