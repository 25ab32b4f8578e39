"""`express-sync package` and its error messages."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from express_sync.ops.packaging import package as packaging
from express_sync.ops.packaging.lock import Pin, pins
from express_sync.ops.packaging.package import build
from express_sync.ops.packaging.runtimes import RUNTIMES, interpreter
from express_sync.ops.packaging.wheels import wheels
from express_sync.ops.terminal.errors import CliError
from tests.repo.package.conftest import TEMPLATE, Built
from tests.support.checkout import ROOT
from tests.support.cli import Shell

PYTHON310 = RUNTIMES["python3.10"]
UNREACHABLE_REGISTRY = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "http://127.0.0.1:1/", "PIP_RETRIES": "0"}
ENTRY = "six==1.17.0 --hash=sha256:" + 64 * "0"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {})


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the sources of a package, without wheels."""
    for name in ("handler", "schemas", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / "checkout" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TEMPLATE, tmp_path / "checkout")
    return tmp_path / "checkout"


def test_package_for_the_template_runtime_as_json(shell: Shell, package_for: Callable[[str], Built]) -> None:
    expected = package_for("python3.10")
    ended = shell.run("package", "--python", expected.python, "--json")
    assert (ended.code, ended.err) == (0, "")
    [result] = ended.lines()
    sha256 = expected.package.sha256
    path = f"dist/function-{sha256[:16]}.zip"
    assert result == {"path": path, "sha256": sha256, "runtime": "python3.10", "size": expected.package.size}
    assert (shell.directory / path).stat().st_size == result["size"]
    assert [each.name for each in (shell.directory / "dist").iterdir()] == [Path(path).name]


def test_package_for_another_runtime_is_announced(shell: Shell) -> None:
    ended = shell.run("package", "--runtime", "python3.12", "--no-bytecode")
    assert ended.code == 0
    assert "The runtime of the template is python3.10; this package requires python3.12." in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--runtime", "python3.11"), "python3.11"),
        (("--out", "/dev/null/dist"), "name a directory with --out."),
        (("--template", "nowhere.yml"), "nowhere.yml cannot be read; name a template."),
        (("--python", "/nowhere/python"), "/nowhere/python is not CPython 3.10"),
        (("--python", ""), "'' is not CPython 3.10, which python3.10 requires; name one with --python, such as"),
    ],
    ids=["unknown runtime", "unwritable out", "no template", "no interpreter", "no name of an interpreter"],
)
def test_invalid_option_is_an_error(arguments: tuple[str, ...], message: str, shell: Shell) -> None:
    compiling = () if "--python" in arguments else ("--no-bytecode",)
    assert message in shell.run("package", *compiling, *arguments).only_a_sentence()


def test_template_without_function_is_an_error(shell: Shell) -> None:
    (shell.directory / "template.yml").write_text("ROSTemplateFormatVersion: '2015-09-01'\nResources: {}\n")
    said = shell.run("package", "--template", "template.yml").only_a_sentence()
    assert "0 ALIYUN::FC3::Function" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nb: [`x`]\n",
            "not YAML: found character '`' that cannot start any token in line 2; correct it, or name",
        ),
        ("a: \0\n", "unacceptable character #x0000"),
    ],
    ids=["syntax", "not text"],
)
def test_template_that_is_not_yaml_is_an_error(text: str, message: str, shell: Shell) -> None:
    (shell.directory / "template.yml").write_text(text)
    assert message in shell.run("package", "--template", "template.yml").only_a_sentence()


def test_template_without_lock_is_an_error(checkout: Path, shell: Shell) -> None:
    (checkout / "requirements" / "function.txt").unlink()
    said = shell.run("package", "--template", str(checkout / "template.yml"), "--no-bytecode").only_a_sentence()
    assert said.endswith("function.txt cannot be read (No such file or directory); create it with `make lock`.")


def test_unreachable_registry_is_an_error(checkout: Path, shell: Shell) -> None:
    offline = Shell(shell.directory, UNREACHABLE_REGISTRY)
    said = offline.run("package", "--template", str(checkout / "template.yml"), "--no-bytecode").only_a_sentence()
    assert said.startswith("pip cannot download aliyun-mns-sdk, ")
    assert said.endswith("check the network and the settings of pip, and try again.")


def test_cached_wheels_need_no_network(checkout: Path, shell: Shell, package_for: Callable[[str], Built]) -> None:
    package_for("python3.10")
    wheels_of_310 = Path(".express-sync") / "wheels" / "python3.10"  # another worker may be downloading those of 3.12
    shutil.copytree(ROOT / wheels_of_310, checkout / wheels_of_310)
    offline = Shell(shell.directory, UNREACHABLE_REGISTRY)
    assert offline.run("package", "--template", str(checkout / "template.yml"), "--no-bytecode").code == 0


def test_wheel_with_another_hash_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forged = tmp_path / "python3.10" / "six-1.17.0-py3-none-any.whl"
    forged.parent.mkdir()
    forged.write_bytes(b"forged")
    for name, value in UNREACHABLE_REGISTRY.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CliError, match="pip cannot download six"):
        wheels([Pin("six", "1.17.0", frozenset({64 * "0"}))], PYTHON310, tmp_path)
    assert not forged.exists()


def test_lock_is_read_for_the_python_of_the_runtime() -> None:
    for runtime, rpds in (("python3.10", "0.30.0"), ("python3.12", "2026.9.1")):
        pinned = {pin.name: pin for pin in pins(ROOT / "requirements" / "function.txt", RUNTIMES[runtime])}
        assert pinned["rpds-py"].version == rpds
        assert "pycryptodome" not in pinned


@pytest.mark.parametrize("text", [ENTRY.partition(" ")[0], ENTRY.replace("==", ">="), "not a requirement", "\xff"])
def test_lock_without_versions_or_hashes_is_rejected(text: str, tmp_path: Path) -> None:
    lock = tmp_path / "function.txt"
    lock.write_text(text, encoding="latin-1")
    with pytest.raises(CliError, match="create it with `make lock`") as raised:
        pins(lock, PYTHON310)
    assert "\n" not in raised.value.message


def test_shipped_versions_are_the_tested_ones() -> None:
    tested = (ROOT / "requirements" / "run.txt").read_text()
    for runtime in RUNTIMES.values():
        for pin in pins(ROOT / "requirements" / "function.txt", runtime):
            assert f"{pin.name}=={pin.version}" in tested


def test_missing_interpreter_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("PATH", ""), ("PYENV_ROOT", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(CliError, match=r"package --runtime python3\.10` with --python PATH, or with --no-bytecode"):
        interpreter(PYTHON310, os.environ)


def test_too_large_package_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaging, "MAX_BYTES", 1000)
    with pytest.raises(CliError, match="more than 1000; ship less"):
        build(TEMPLATE, "python3.10", tmp_path, os.environ, with_bytecode=False)
    assert list(tmp_path.iterdir()) == []


def test_source_with_syntax_error_is_an_error(
    checkout: Path, tmp_path: Path, package_for: Callable[[str], Built]
) -> None:
    python = package_for("python3.10").python
    wheels_of_310 = Path(".express-sync") / "wheels" / "python3.10"  # another worker may be downloading those of 3.12
    shutil.copytree(ROOT / wheels_of_310, checkout / wheels_of_310)
    (checkout / "handler" / "entry.py").write_text("def handle(:\n")
    with pytest.raises(CliError, match="correct the source"):
        build(checkout / "template.yml", "python3.10", tmp_path, os.environ, python=python)
