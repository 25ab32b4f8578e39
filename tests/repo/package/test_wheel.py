"""The wheel of the command line, installed into a virtual environment of its own outside of the checkout."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.repo.package.conftest import Built
from tests.support.checkout import ROOT

pytestmark = pytest.mark.long


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


def test_installed_wheel_builds_the_package_of_the_checkout(
    python: Path, tmp_path: Path, package_for: Callable[[str], Built]
) -> None:
    """The wheels are in the cache of the folder, so the build needs no network."""
    expected = package_for("python3.10")
    wheels = Path(".express-sync") / "wheels" / "python3.10"
    shutil.copytree(ROOT / wheels, tmp_path / wheels)
    output = run([python.with_name("express-sync"), "package", "--python", expected.python, "--json"], tmp_path)
    assert json.loads(output)["sha256"] == expected.package.sha256
    assert (tmp_path / json.loads(output)["path"]).read_bytes() == expected.package.path.read_bytes()


def test_installed_wheel_serves_from_an_empty_folder(python: Path, tmp_path: Path) -> None:
    """The folder stays empty, and what is kept is where the platform keeps the state of a user."""
    home, folder = tmp_path / "home", tmp_path / "empty"
    home.mkdir()
    folder.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    program = str(python.with_name("express-sync"))
    request = '{"requestId": "R-1", "name": "g-1", "bucketName": "b-1-x", "bucketRegion": "cn-hangzhou"}'

    def typed(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            (program, *words), cwd=folder, env=environment, input=request, capture_output=True, text=True, check=False
        )

    with subprocess.Popen((program, "up", "--json"), cwd=folder, env=environment, stdout=subprocess.PIPE) as up:
        assert up.stdout is not None
        assert json.loads(up.stdout.readline())["portal"]["url"]
        assert (home / ".local" / "state" / "express-sync" / "local.json").is_file()
        codes = {
            words: typed(*words.split()).returncode
            for words in (
                "submit - --wait",
                "invoke -",
                "failures list",
                "replay",
                "health",
                "doctor",
                "fault list",
                "logs",
            )
        }
        up.terminate()
    assert set(codes.values()) == {0}, codes
    assert up.returncode == 0
    assert list(folder.iterdir()) == []
