"""The rules of the repository: one test command, enforced architecture, small modules, complete locks."""

import ast
import contextlib
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from handler import config
from tests.support.checkout import ROOT

HANDLER_MODULES = sorted(path for path in (ROOT / "handler").rglob("*.py") if path.stat().st_size)

# contract: (module that breaks it, the offending line)
BREACHES = {
    "The layers of the handler": ("handler/provisioning/retry.py", "import handler.pipeline"),
    "The layers of the handler, an undeclared module": ("handler/stray.py", '"""No layer declares this module."""'),
    "The pure core has no effects": ("handler/provisioning/provisioner.py", "import time"),
    "The shipped function": ("handler/entry.py", "import express_sync.ops.cli"),
    "The layers of the command line": ("express_sync/ops/queues/client.py", "import express_sync.ops.replay.replayer"),
    "Only commands take": ("express_sync/ops/demo/run.py", "import express_sync.ops.system"),
    "The layers of the local cloud": ("express_sync/local/mns/errors.py", "import express_sync.local.fc.app"),
    "The layers of the portal": ("express_sync/portal/store/feed.py", "import express_sync.portal.api.app"),
    "The portal shares": ("express_sync/portal/outcomes.py", "import express_sync.ops.targets.target"),
    "Only commands compose": ("express_sync/ops/doctor/finding.py", "import express_sync.portal.service"),
    "The local cloud shares no code": ("express_sync/local/server.py", "import mns.account"),
    "The command line uses": ("express_sync/ops/cli.py", "import handler.sgw.client"),
}


def _lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy_of_the_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for package in ("handler", "express_sync"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@contextlib.contextmanager
def _appended(source: Path, line: str) -> Iterator[None]:
    """Append a line to a source, which may be a new one, as long as the context lasts."""
    before = source.read_text() if source.exists() else None
    source.write_text(f"{before or ''}\n{line}\n")
    try:
        yield
    finally:
        if before is None:
            source.unlink()
        else:
            source.write_text(before)


@pytest.mark.parametrize("breach", BREACHES)
def test_breach_of_an_import_contract_is_caught(breach: str, copy_of_the_sources: Path) -> None:
    module, line = BREACHES[breach]
    with _appended(copy_of_the_sources / module, line):
        result = _lint_imports(copy_of_the_sources)
    assert result.returncode == 1
    name = re.escape(breach.partition(",")[0])
    assert re.search(f"{name}((?!KEPT).)*?(BROKEN|not listed as layers)", result.stdout, re.DOTALL), result.stdout


def test_sources_keep_every_import_contract(copy_of_the_sources: Path) -> None:
    result = _lint_imports(copy_of_the_sources)
    assert (result.returncode, "0 broken" in result.stdout) == (0, True), result.stdout


STAND_IN_FOR_MAKE = """#!/bin/sh
echo "CI=$CI make $*"
pwd
ls
[ "$1" != test-pythons ] || exit 3
"""


def test_ci_runs_the_readme_command_in_a_new_clone(tmp_path: Path) -> None:
    """A stand-in for make shows the command and the clone: what is committed, and nothing beside it."""
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    (checkout / ".ci").mkdir(parents=True)
    programs.mkdir()
    shutil.copy(ROOT / ".ci" / "run", checkout / ".ci")
    (checkout / "committed").touch()
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(checkout), "TMPDIR": str(tmp_path)}
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for git in (("init", "-q"), ("add", "."), ("commit", "-qm", "All"), ("checkout", "-q", "--detach")):
        subprocess.run(("git", *identity, *git), cwd=checkout, env=environment, check=True)
    (checkout / "left-over").touch()
    (programs / "make").write_text(STAND_IN_FOR_MAKE)
    (programs / "make").chmod(0o755)
    ended = subprocess.run(checkout / ".ci" / "run", env=environment, capture_output=True, text=True, check=False)
    tested, folder, *others = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr, tested) == (3, "", "CI=true make test")
    targets = ("test-browser", "test-forms", "test-clients", "test-pythons")
    assert others == [
        "committed",
        *(line for each in targets for line in (f"CI=true make {each}", folder, "committed")),
    ]
    assert Path(folder).is_relative_to(tmp_path)
    assert {*tmp_path.iterdir()} == {checkout, programs}, "the clone is removed"
    assert re.search(r"^\$? ?make test\b", (ROOT / "README.md").read_text(), re.MULTILINE)


def test_every_suppression_states_its_reason() -> None:
    """The reason is behind the rule, on the same line."""
    search = ("git", "grep", "-E", "# (noqa|type: ignore)", "--", "*.py")
    found = subprocess.run(search, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    stated = re.compile(r"# (noqa: [A-Z]+\d+ -|type: ignore\[[\w-]+\]  #) \w")
    assert [line for line in found if not stated.search(line)] == []


def test_hypothesis_has_no_deadline() -> None:
    """One Hypothesis profile is valid for all tests, and no test overrides its deadline."""
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check
    own = re.compile(r"\b(deadline|suppress_health_check)=(?!list\(HealthCheck\))")
    tests = (path for path in (ROOT / "tests").rglob("*.py") if "hypothesis" in path.read_text())
    assert [path.name for path in tests if own.search(path.read_text())] == ["conftest.py"]


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        pins = re.findall(r"^[A-Za-z0-9_.-]+==", text, re.MULTILINE)
        assert pins
        assert "://" not in text
        assert all("--hash=sha256:" in pin for pin in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("path", HANDLER_MODULES, ids=lambda path: path.stem)
def test_handler_module_is_small_and_has_a_docstring(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert "pragma" not in text
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 200
    assert {name: length for name, length in lengths.items() if length > 30} == {}


def test_importing_the_handler_needs_no_environment() -> None:
    code = "import sys; sys.path.insert(0, '.'); import handler.entry"
    isolated = [sys.executable, "-I", "-W", "error", "-c", code]
    result = subprocess.run(isolated, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_template_names_an_existing_handler_and_settings() -> None:
    template = (ROOT / "template.yml").read_text()
    handler = re.search(r"Handler: (\S+)", template)
    assert handler
    module, _, function = handler[1].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))
    named = set(re.findall(r"EXPRESS_SYNC_[A-Z_]+(?=:)", template))
    assert named
    known = {f"{config.PREFIX}{name.upper()}" for name in config.Settings.__dataclass_fields__}
    assert named <= known
    assert not any(name.startswith("FC_") for name in named | known)


def quoted_list(name: str, text: str) -> list[str]:
    """Return the texts of the first list with this name in a TOML text."""
    return re.findall(r'"([^"]+)"', text.partition(f"{name} = [")[2].partition("]")[0])


def test_every_module_of_the_pure_core_is_mutation_tested() -> None:
    """One list has modules and packages, the other their files."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pure = quoted_list("source_modules", settings.partition('id = "pure-core"')[2])
    mutated = set(quoted_list("only_mutate", settings))
    assert len(pure) > 5
    paths = [module.replace(".", "/") for module in pure]
    assert [path for path in paths if not {f"{path}.py", f"{path}/*"} & mutated] == []
