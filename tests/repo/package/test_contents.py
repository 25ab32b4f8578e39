"""The contents of the package archive."""

import hashlib
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from express_sync.ops.packaging.package import MAX_BYTES
from express_sync.ops.packaging.runtimes import RUNTIMES
from tests.repo.package.conftest import Built
from tests.support.checkout import ROOT

FORBIDDEN = (
    "*.dist-info/*",
    "*.egg-info/*",
    "*.data/*",
    "*.pyi",
    "*.pyo",
    "*/py.typed",
    "*.c",
    "*.h",
    "*.pyx",
    "*.rs",
    "*.toml",
    "*.txt",
    "*.md",
    "*/tests/*",
    "*/test_*",
    "*/benchmarks/*",
    "Crypto/*",
    "express_sync/*",
    "benchmarks/*",
    "events/*",
    "*template.yml",
)
UNCHECKED = b"\x01\0\0\0"  # PEP 552


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_unneeded_files_are_not_shipped(pattern: str, built: Built) -> None:
    assert [name for name in built.names() if fnmatchcase(name, pattern)] == []


def test_function_and_contracts_are_shipped_unchanged(built: Built) -> None:
    sources = [*(ROOT / "handler").rglob("*.py"), *(ROOT / "schemas").glob("*.v1.json")]
    assert {path.parent.name for path in sources} > {"handler", "inbound", "provisioning", "sgw", "smq", "schemas"}
    with ZipFile(built.package.path) as archive:
        shipped = {name: archive.read(name) for name in archive.namelist()}
    assert {str(path.relative_to(ROOT)): path.read_bytes() for path in sources} == {
        name: content
        for name, content in shipped.items()
        if name.startswith(("handler/", "schemas/")) and not name.endswith(".pyc")
    }


def test_native_code_is_for_the_runtime_only(built: Built) -> None:
    tag = RUNTIMES[built.package.runtime].cache_tag
    native = [name for name in built.names() if name.endswith(".so")]
    assert native
    assert [name for name in native if f".{tag}-x86_64-linux-gnu.so" not in name] == []


def test_every_module_has_unchecked_bytecode_of_the_runtime(built: Built) -> None:
    tag = RUNTIMES[built.package.runtime].cache_tag
    names = built.names()
    with ZipFile(built.package.path) as archive:
        heads = {name: archive.read(name)[:8] for name in names if name.endswith(".pyc")}
    assert set(heads.values()) == {_magic_number(built.python) + UNCHECKED}
    sources = [PurePosixPath(name) for name in names if name.endswith(".py")]
    assert {source.parts[0] for source in sources} == {"handler"}
    for source in sources:
        assert str(source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc") in heads


def test_archive_is_small_and_named_after_its_content(built: Built) -> None:
    content = built.package.path.read_bytes()
    assert built.package.sha256 == hashlib.sha256(content).hexdigest()
    assert built.package.path.name == f"function-{built.package.sha256[:16]}.zip"
    assert built.package.size == len(content) <= MAX_BYTES == 1_200_000


def test_archive_reveals_no_time_place_or_user_of_the_build(built: Built) -> None:
    with ZipFile(built.package.path) as archive:
        members = archive.infolist()
        compiled = {name: archive.read(name) for name in archive.namelist() if name.endswith(".pyc")}
    assert [name for name, content in compiled.items() if re.search(rb"/(tmp|home|root)/", content)] == []
    assert [each.filename for each in members] == sorted(each.filename for each in members)
    assert {(each.date_time, each.external_attr >> 16, each.compress_type) for each in members} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, ZIP_DEFLATED)
    }


def test_function_imports_only_package_and_standard_library(built: Built) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(built.code)!r}); import handler.entry, handler.invocation;"
        " print(handler.entry.__file__)"
    )
    isolated = [built.python, "-I", "-S", "-W", "error", "-c", code]
    process = subprocess.run(isolated, env={}, cwd="/", capture_output=True, text=True, check=False)
    assert (process.returncode, process.stdout.strip(), process.stderr) == (
        0,
        str(built.code / "handler" / "entry.py"),
        "",
    )


def _magic_number(python: str) -> bytes:
    code = "import importlib.util; print(importlib.util.MAGIC_NUMBER.hex())"
    return bytes.fromhex(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout)
