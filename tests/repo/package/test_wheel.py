"""The wheel of the command line, installed into a virtual environment of its own outside of the checkout."""

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.repo.package.conftest import ROOT

STAGE = """
from pathlib import Path
from express_sync.ops.packaging.manifest import sources_of, stage
from express_sync.paths import TEMPLATE
sources = sources_of(TEMPLATE)
stage(sources, (), Path("staged"))
print(sources.lock, sources.wheels, sep="\\n")
"""


def run(command: Sequence[str | Path], directory: Path) -> str:
    """Run a command without the checkout on its path and return its standard output."""
    environment = {"HOME": str(directory), "PATH": "/usr/bin:/bin"}
    process = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and return its path."""
    directory = tmp_path_factory.mktemp("wheel")
    options = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", directory)
    run([sys.executable, "-m", "pip", "wheel", *options, ROOT], directory)
    (found,) = directory.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel beside the locked libraries of this environment and return the interpreter."""
    directory = tmp_path_factory.mktemp("environment")
    venv.create(directory)
    python = directory / "bin" / "python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    run([*pip, "install", "--no-index", "--no-deps", wheel], directory)
    (site_packages,) = (directory / "lib").glob("python*/site-packages")
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return python


def test_wheel_has_no_generic_top_level_names(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        top_level = {name.partition("/")[0] for name in archive.namelist()}
    assert top_level == {"handler", "express_sync", "express_sync_provisioner-0.1.0.dist-info"}


def test_installed_wheel_does_not_use_the_checkout(python: Path, tmp_path: Path) -> None:
    code = "import handler, express_sync; print(handler.__file__, express_sync.__path__[0], sep='\\n')"
    paths = run([python, "-c", code], tmp_path).splitlines()
    assert all(path.startswith(str(python.parents[1])) for path in paths)


def test_installed_wheel_runs_the_demo_in_an_empty_folder(python: Path, tmp_path: Path) -> None:
    output = run([python.with_name("express-sync"), "demo"], tmp_path)
    assert "succeeded" in output


def test_installed_wheel_contains_the_sources_of_the_package(python: Path, tmp_path: Path) -> None:
    lock, wheels = map(Path, run([python, "-c", STAGE], tmp_path).splitlines())
    shipped = [*(ROOT / "handler").rglob("*.py"), *(ROOT / "schemas").glob("*.json")]
    staged = {path.relative_to(tmp_path / "staged"): path.read_bytes() for path in tmp_path.rglob("staged/**/*.*")}
    assert staged == {path.relative_to(ROOT): path.read_bytes() for path in shipped}
    assert lock.read_bytes() == (ROOT / "requirements" / "function.txt").read_bytes()
    assert wheels == tmp_path / ".express-sync" / "wheels"
