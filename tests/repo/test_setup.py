"""`make` sets up an environment from any checkout, or says in one sentence what to do. A stand-in replaces Python."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("awk", "cat", "cksum", "dirname", "env", "grep", "make", "mkdir", "sh")
LOCKS = {"run.txt": "one==1\ntwo==2\n", "dev.txt": "three==3\n"}

# Reports any version, creates environments whose Python is itself, and writes each call of pip to a log.
# Without site-packages, and with what it needs imported where it needs it: it is started a hundred times.
STAND_IN = """#!{real} -IS
import os, sys
here = sys.argv[0]

def log(line):
    with open({log!r}, "a") as file:
        file.write(line + "\\n")

match sys.argv[1:]:
    case ["-c", code]:
        sys.version_info = {version}
        sys.modules["ensurepip"] = sys.modules["venv"] = {venv!r}
        exec(code)
    case ["-m", "venv", "--clear", folder]:
        import pathlib, shutil
        shutil.rmtree(folder)
        programs = pathlib.Path(folder, "bin")
        programs.mkdir(parents=True)
        shutil.copy(here, programs / "python")
        for name in ("ruff", "pytest"):
            (programs / name).write_text("#!/bin/sh\\necho checked by $0\\n")
            (programs / name).chmod(0o755)
        log(f"{{os.path.basename(here)}} creates {{folder}}")
    case ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps", *what]:
        settings = [f"{{name}}={{value}}" for name, value in sorted(os.environ.items()) if name.startswith("PIP_")]
        log(" ".join([*settings, *what]))
        if "PIP_FAILS" in os.environ:
            sys.exit("no such package")
    case arguments:
        sys.exit(f"unexpected: {{arguments}}")
"""


@dataclass(frozen=True)
class Machine:
    """A machine whose only programs are those of `programs`, with a checkout in `checkout`."""

    checkout: Path
    programs: Path
    log: Path

    def install(self, name: str, version: tuple[int, int], *, has_venv: bool = True) -> None:
        """Install a stand-in for Python."""
        venv, real = "there" if has_venv else None, Path(sys.executable).resolve()
        code = STAND_IN.format(real=real, log=str(self.log), version=version, venv=venv)
        (self.programs / name).write_text(code)
        (self.programs / name).chmod(0o755)

    def make(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run make in the checkout."""
        return subprocess.run(
            ("make", *arguments),
            cwd=self.checkout,
            env={"PATH": str(self.programs), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        """What the stand-in was asked for since the last time."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.write_text("")
        return lines


def checkout_in(folder: Path) -> Path:
    (folder / "requirements").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements/set-up.sh"):
        shutil.copy(ROOT / name, folder / name)
    for name, lock in LOCKS.items():
        (folder / "requirements" / name).write_text(lock)
    return folder


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).symlink_to(shutil.which(name) or name)
    return Machine(checkout_in(tmp_path / "checkout"), programs, tmp_path / "log")


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine with Python 3.12 on which the set-up has run."""
    machine.install("python3", (3, 12))
    assert machine.make("setup-dev").returncode == 0
    assert len(machine.calls) == 4
    return machine


def one_sentence(failed: "subprocess.CompletedProcess[str]") -> str:
    """Return what a failed make says, without the last line, which is make's own."""
    sentence, makes_own = failed.stderr.splitlines()
    assert (failed.returncode, makes_own.startswith("make: ***"), failed.stdout) == (2, True, "")
    return sentence


def test_setup_shows_a_line_for_each_step(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    done = machine.make("setup-dev")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Setting up .venv with python3 (once) ...",
        "  installing 2 packages: the command line ...",
        "  installing 1 packages: the tools for the tests ...",
    ]
    assert machine.calls == [
        "python3 creates .venv",
        "PIP_USER=0 --require-hashes -r requirements/run.txt",
        "PIP_USER=0 --no-build-isolation --editable .",
        "PIP_USER=0 --require-hashes -r requirements/dev.txt",
    ]


def test_setup_does_nothing_if_it_is_up_to_date(ready: Machine) -> None:
    done = ready.make("setup-dev")
    assert (done.returncode, done.stdout, done.stderr, ready.calls) == (0, "", "", [])


def test_setup_installs_a_lock_again_that_has_changed(ready: Machine) -> None:
    (ready.checkout / "requirements" / "dev.txt").write_text("four==4\n")
    assert ready.make("setup-dev").returncode == 0
    assert ready.calls == ["PIP_USER=0 --require-hashes -r requirements/dev.txt"]


def test_setup_starts_again_in_a_moved_checkout(ready: Machine, tmp_path: Path) -> None:
    """The programs of an environment contain its path."""
    moved = Machine(ready.checkout.rename(tmp_path / "elsewhere"), ready.programs, ready.log)
    assert moved.make("setup").returncode == 0
    assert moved.calls[0] == "python3 creates .venv"


def test_setup_starts_again_in_a_copied_checkout(ready: Machine, tmp_path: Path) -> None:
    copied = Machine(shutil.copytree(ready.checkout, tmp_path / "copy"), ready.programs, ready.log)
    assert copied.make("setup").returncode == 0
    assert copied.calls[0] == "python3 creates .venv"


def test_setup_starts_again_if_its_python_is_gone(ready: Machine) -> None:
    (ready.checkout / ".venv" / "bin" / "python").unlink()
    assert ready.make("setup").returncode == 0
    assert ready.calls[0] == "python3 creates .venv"


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_setup_works_with_each_supported_python(machine: Machine, minor: int) -> None:
    machine.install("python3", (3, minor))
    assert machine.make("setup").returncode == 0


def test_setup_passes_over_a_python_that_is_too_old(machine: Machine) -> None:
    machine.install("python3", (3, 9))
    machine.install("python3.11", (3, 11))
    assert machine.make("setup").returncode == 0
    assert machine.calls[0] == "python3.11 creates .venv"


def test_setup_passes_over_a_python_without_venv(machine: Machine) -> None:
    machine.install("python3", (3, 11), has_venv=False)
    machine.install("python3.10", (3, 10))
    assert machine.make("setup").returncode == 0
    assert machine.calls[0] == "python3.10 creates .venv"


def test_setup_prefers_a_tested_python_to_a_newer_one(machine: Machine) -> None:
    machine.install("python3", (3, 14))
    machine.install("python3.13", (3, 13))
    assert machine.make("setup").returncode == 0
    assert machine.calls[0] == "python3.13 creates .venv"


def test_setup_tries_a_newer_python_if_there_is_no_other(machine: Machine) -> None:
    machine.install("python3", (3, 14))
    assert machine.make("setup").returncode == 0
    assert machine.calls[0] == "python3 creates .venv"


@pytest.mark.parametrize("version", [(3, 9), (2, 7), None], ids=str)
def test_setup_asks_for_a_newer_python(machine: Machine, version: tuple[int, int] | None) -> None:
    if version:
        machine.install("python3", version)
    assert one_sentence(machine.make("setup")) == (
        "Python 3.10 or newer is needed; install it, or name it: make PYTHON=/path/to/python3"
    )


def test_setup_refuses_a_named_python_that_is_too_old(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    machine.install("python3.9", (3, 9))
    assert one_sentence(machine.make("setup", "PYTHON=python3.9")).startswith("Python 3.10 or newer is needed")


def test_setup_asks_for_venv(machine: Machine) -> None:
    """Debian and Ubuntu ship it in a package of its own."""
    machine.install("python3", (3, 12), has_venv=False)
    assert one_sentence(machine.make("setup")) == (
        "python3 has no module venv; install it (Debian, Ubuntu: apt install python3-venv), "
        "or name another Python: make PYTHON=/path/to/python3"
    )


def test_setup_ignores_where_pip_installs_by_default(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    assert machine.make("setup", PIP_USER="1", PIP_TARGET="/elsewhere", PIP_PREFIX="/elsewhere").returncode == 0
    assert {call.partition(" ")[0] for call in machine.calls[1:]} == {"PIP_USER=0"}


def test_setup_keeps_the_package_index_of_the_user(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    assert machine.make("setup", PIP_INDEX_URL="https://example.com/simple").returncode == 0
    assert machine.calls[1].startswith("PIP_INDEX_URL=https://example.com/simple ")


def test_setup_works_in_a_folder_with_spaces(machine: Machine, tmp_path: Path) -> None:
    spaced = Machine(checkout_in(tmp_path / "my own checkout"), machine.programs, machine.log)
    spaced.install("python3", (3, 12))
    assert spaced.make("lint").stdout.splitlines()[-1] == "checked by .venv/bin/ruff"
    assert spaced.make("lint", "VENV=an environment").stdout.splitlines()[-1] == "checked by an environment/bin/ruff"


def test_setup_asks_for_a_folder_that_can_be_written(machine: Machine) -> None:
    """Root may write into a read-only folder, but not below a file."""
    machine.install("python3", (3, 12))
    assert one_sentence(machine.make("setup", "VENV=/dev/null/venv")) == (
        "/dev/null/venv cannot be written; copy the checkout to a folder that you can write to"
    )


def test_setup_shows_why_pip_failed_and_tries_again(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    failed = machine.make("setup", PIP_FAILS="1")
    reason, advice, _ = failed.stderr.splitlines()
    assert (failed.returncode, reason) == (2, "no such package")
    assert advice.startswith("The set-up failed, see above; it needs a package index that pip can reach")
    assert len(machine.calls) == 2
    assert machine.make("setup").returncode == 0
    assert len(machine.calls) == 2


def test_test_pythons_uses_the_other_supported_versions(ready: Machine) -> None:
    ready.install("python3.10", (3, 10))
    ready.install("python3.12", (3, 12))
    ready.install("python3.9", (3, 9))
    done = ready.make("test-pythons", "HOME=/nowhere")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if line.startswith(("==", "checked"))]
    assert lines == [
        "== Python 3.10",
        "checked by .venv-3.10/bin/pytest",
        "== Python 3.11 is not installed, skipped",
        "== Python 3.13 is not installed, skipped",
    ]


def test_setup_of_the_repository_names_existing_locks() -> None:
    assert {name for name in LOCKS if not (ROOT / "requirements" / name).is_file()} == set()
    assert os.access(ROOT / "requirements" / "set-up.sh", os.X_OK)
