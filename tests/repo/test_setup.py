"""`make` sets up an environment from any checkout, or says in one sentence what to do. A stand-in replaces Python."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("awk", "cat", "cksum", "dirname", "env", "grep", "make", "mkdir", "rm", "sh")
LOCKS = {"run.txt": "one==1\ntwo==2\n", "dev.txt": "three==3\n", "uv.txt": "uv==9 --hash=sha256:0\n"}

FALLBACK = "  pip does it, which takes longer, because uv cannot (see .venv/uv.log) ..."
BOOTSTRAP = "--only-binary :all: --require-hashes --retries 1 -r requirements/uv.txt"
LOCKED = "--require-hashes -r requirements/{}.txt"

# Reports any version, creates environments whose Python is itself, and writes each call of pip to a log. It installs a
# stand-in for uv, which does the same.
STAND_IN = """#!{real}
import os, pathlib, runpy, shutil, sys
here, log = pathlib.Path(sys.argv[0]), pathlib.Path({log!r})
match sys.argv[1:]:
    case ["-c", code]:
        sys.version_info = {version}
        sys.modules["ensurepip"] = {venv!r}
        exec(code)
    case ["-m", "venv", "--clear", folder]:
        shutil.rmtree(folder)
        programs = pathlib.Path(folder, "bin")
        programs.mkdir(parents=True)
        shutil.copy(here, programs / "python")
        for name in ("ruff", "pytest"):
            (programs / name).write_text("#!/bin/sh\\necho checked by $0\\n")
            (programs / name).chmod(0o755)
        log.open("a").write(f"{{here.name}} creates {{folder}}\\n")
    case ["tools/uv_install.py", *_]:
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")
    case ["-m", "pip", "config", "list"]:
        for name, value in os.environ.items():
            if name.startswith("PIP_"):
                print(":env:." + name.removeprefix("PIP_").lower().replace("_", "-") + f"={{value!r}}")
    case ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps", *what]:
        settings = [f"{{name}}={{value}}" for name, value in sorted(os.environ.items()) if name.startswith("PIP_")]
        log.open("a").write(" ".join([*settings, *what]) + "\\n")
        if ("wheel" if "--only-binary" in what else "pip") in os.environ.get("BROKEN", ""):
            sys.exit("no such package")
        if "--only-binary" in what:
            here.with_name("uv").write_text({uv!r})
            here.with_name("uv").chmod(0o755)
            here.parents[1].joinpath("lib/python3/site-packages/uv-9.dist-info").mkdir(parents=True, exist_ok=True)
    case arguments:
        sys.exit(f"unexpected: {{arguments}}")
"""
STAND_IN_FOR_UV = """#!{real}
import os, pathlib, signal, sys
settings = [f"{{name}}={{value}}" for name, value in sorted(os.environ.items()) if name.startswith("UV_")]
pathlib.Path({log!r}).open("a").write(" ".join(["uv", *settings, *sys.argv[1:]]) + "\\n")
match os.environ.get("BROKEN"):
    case "uv": sys.exit("uv has no such package")
    case "machine":
        pathlib.Path(sys.argv[0]).parents[1].joinpath("lib/python3/site-packages/one-1.dist-info").mkdir()
        os.killpg(0, signal.SIGKILL)
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
        uv = STAND_IN_FOR_UV.format(real=real, log=str(self.log))
        code = STAND_IN.format(real=real, log=str(self.log), version=version, venv=venv, uv=uv)
        (self.programs / name).write_text(code)
        (self.programs / name).chmod(0o755)

    def make(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run make in the checkout."""
        return subprocess.run(
            ("make", *arguments),
            cwd=self.checkout,
            env={"PATH": str(self.programs), "HOME": str(self.checkout.parent), **environment},
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )

    @property
    def calls(self) -> list[str]:
        """What the stand-in was asked for since the last time."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.write_text("")
        return lines


def checkout_in(folder: Path) -> Path:
    (folder / "requirements").mkdir(parents=True)
    (folder / "tools").mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements/set-up.sh", "tools/uv_install.py"):
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
    assert len(machine.calls) == 5
    return machine


def of_uv(calls: list[str]) -> list[str]:
    """Return the ends of the calls of uv: what it installs."""
    return [call.partition("unsafe-best-match ")[2] for call in calls if call.startswith("uv ")]


def of_pip(calls: list[str]) -> list[str]:
    """Return the calls of pip."""
    return [call for call in calls if call.startswith("PIP_")]


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
    calls = machine.calls
    assert calls[:2] == ["python3 creates .venv", f"PIP_USER=0 {BOOTSTRAP}"]
    assert calls[2].startswith(
        f"uv UV_CACHE_DIR={machine.checkout.parent}/.cache/uv UV_LINK_MODE=copy UV_SYSTEM_CERTS=true"
        " pip install --quiet --python .venv/bin/python --no-deps --no-config --index-strategy unsafe-best-match "
    )
    assert of_uv(calls) == [LOCKED.format("run"), "--no-build-isolation --editable .", LOCKED.format("dev")]


def test_setup_does_nothing_if_it_is_up_to_date(ready: Machine) -> None:
    done = ready.make("setup-dev")
    assert (done.returncode, done.stdout, done.stderr, ready.calls) == (0, "", "", [])


def test_setup_installs_a_lock_again_that_has_changed(ready: Machine) -> None:
    (ready.checkout / "requirements" / "dev.txt").write_text("four==4\n")
    assert ready.make("setup-dev").returncode == 0
    calls = ready.calls
    assert (of_uv(calls), of_pip(calls)) == ([LOCKED.format("dev")], [])


def test_setup_updates_uv_with_its_lock(ready: Machine) -> None:
    (ready.checkout / "requirements" / "uv.txt").write_text("uv==10\n")
    (ready.checkout / "requirements" / "dev.txt").write_text("four==4\n")
    assert ready.make("setup-dev").returncode == 0
    assert of_pip(ready.calls) == [f"PIP_USER=0 {BOOTSTRAP}"]


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
    calls = machine.calls
    assert (of_pip(calls), len(of_uv(calls))) == ([f"PIP_USER=0 {BOOTSTRAP}"], 2)


def test_setup_ignores_what_the_user_has_set_for_uv(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    usual = machine.make("setup")
    calls = machine.calls
    (machine.checkout / ".venv" / ".place").unlink()
    settings = {"UV_SYSTEM_PYTHON": "1", "UV_TARGET": "/elsewhere", "UV_OFFLINE": "1", "UV_INDEX": "file:///elsewhere"}
    assert machine.make("setup", **settings).stdout == usual.stdout
    assert machine.calls == calls


def test_setup_keeps_the_package_index_of_the_user(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    assert machine.make("setup", PIP_INDEX_URL="https://example.com/simple").returncode == 0
    calls = machine.calls
    assert all(call.startswith("PIP_INDEX_URL=https://example.com/simple ") for call in of_pip(calls))
    assert all(" UV_DEFAULT_INDEX=https://example.com/simple " in call for call in calls if call.startswith("uv "))


def test_setup_leaves_settings_to_pip_that_uv_lacks(machine: Machine) -> None:
    machine.install("python3", (3, 12))
    done = machine.make("setup", PIP_NO_BINARY=":all:")
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, FALLBACK, "")
    assert machine.calls[1:] == [
        f"PIP_NO_BINARY=:all: PIP_USER=0 {what}" for what in (LOCKED.format("run"), "--no-build-isolation --editable .")
    ]
    log = (machine.checkout / ".venv" / "uv.log").read_text()
    assert log == "only pip can follow its settings: no-binary\n"


def test_setup_leaves_to_pip_what_uv_cannot_install(machine: Machine) -> None:
    """What uv has failed at once, it would fail at again."""
    machine.install("python3", (3, 12))
    done = machine.make("setup-dev", BROKEN="uv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[2] == FALLBACK
    calls = machine.calls
    assert of_uv(calls) == [LOCKED.format("run")]
    assert of_pip(calls)[1:] == [
        f"PIP_USER=0 {what}"
        for what in (LOCKED.format("run"), "--no-build-isolation --editable .", LOCKED.format("dev"))
    ]
    assert (machine.checkout / ".venv" / "uv.log").read_text() == "uv has no such package\n"


def test_setup_needs_no_uv(machine: Machine) -> None:
    """A platform may have no wheel of it, and an index may lack it."""
    machine.install("python3", (3, 12))
    done = machine.make("setup", BROKEN="wheel")
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, FALLBACK, "")
    assert of_pip(machine.calls) == [
        f"PIP_USER=0 {what}" for what in (BOOTSTRAP, LOCKED.format("run"), "--no-build-isolation --editable .")
    ]


def test_setup_replaces_halves_that_a_crash_has_left(machine: Machine) -> None:
    """The environment is created again: uv and pip would take for installed what has a record."""
    machine.install("python3", (3, 12))
    half = machine.checkout / ".venv" / "lib" / "python3" / "site-packages" / "one-1.dist-info"
    assert machine.make("setup", BROKEN="machine").returncode == -9
    assert half.exists()
    assert machine.make("setup").returncode == 0
    assert not half.exists()
    assert machine.calls[-1].endswith("--editable .")


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
    failed = machine.make("setup", BROKEN="wheel pip")
    reason, advice, _ = failed.stderr.splitlines()
    assert (failed.returncode, reason) == (2, "no such package")
    assert advice.startswith("The set-up failed, see above; it needs a package index that pip can reach")
    assert of_pip(machine.calls) == [f"PIP_USER=0 {what}" for what in (BOOTSTRAP, LOCKED.format("run"))]
    assert machine.make("setup").returncode == 0
    calls = machine.calls
    assert of_uv(calls) == [LOCKED.format("run"), "--no-build-isolation --editable ."]
    assert not any("creates" in call for call in calls)


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
