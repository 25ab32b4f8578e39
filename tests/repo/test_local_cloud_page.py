"""docs/local-cloud.md: its programs run, its lists and tables are current, and the Dockerfile names what exists."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from express_sync.local import known_operations
from express_sync.local.cloud import CloudOptions, background
from tests.clients import table
from tests.support.checkout import DOCS, ROOT
from tests.support.patience import PATIENCE_SECONDS
from tools import operation_lists, operation_tables

PAGE = DOCS / "local-cloud.md"


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    """Run a cloud without a function and return its ready object."""
    with background(CloudOptions(with_function=False)) as running:
        yield running.ready


def program(language: str) -> str:
    """Return the program of the page in that language."""
    [text] = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(text)


def test_quick_start_in_python_receives_the_message(ready: dict[str, Any]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", program("python")],
        env={"MNS_ENDPOINT": ready["mns"]["endpoint"], "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    assert run.stdout == "hello\n"


def test_page_shows_the_key_of_the_cloud(ready: dict[str, Any]) -> None:
    """It is the same in every program."""
    page = PAGE.read_text()
    for name in ("accessKeyId", "accessKeySecret", "accountId", "region"):
        assert f"| `{ready[name]}` |" in page
    for language in ("python", "javascript", "java", "go", "php"):
        assert ready["accessKeyId"] in program(language)
        assert ready["accessKeySecret"] in program(language)
        assert "127.0.0.1:8700" in program(language)


def test_lists_and_tables_of_the_page_are_current() -> None:
    """`make operations` and `make test-clients` write them."""
    page = PAGE.read_text()
    assert operation_lists.written(page) == page
    assert table.written(page) == page


@pytest.mark.parametrize("service", operation_tables.INSTALLED)
def test_table_of_operations_is_that_of_the_installed_client(service: str) -> None:
    """`make operations` writes the tables."""
    assert known_operations.tables()[service] == operation_tables.installed_tables()[service]


def test_every_emulated_operation_is_one_of_the_service() -> None:
    """GetAccount is only in the SDK for Java."""
    for name, (_, emulated) in operation_lists._SERVICES.items():
        assert emulated - known_operations.names(name) <= {"GetAccount"}


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    """Return wheels with the names of the two clients and one operation each."""
    source = "a = Params(action='DoIt', version='2022-01-19', pathname=f'/things/{f(x)}/parts', method='PUT')"
    made = [tmp_path / f"{name}-1.0-py3-none-any.whl" for name in operation_tables.WHEELS]
    for wheel in made:
        with zipfile.ZipFile(wheel, "w") as opened:
            opened.writestr(f"{wheel.name.partition('-')[0]}/client.py", source)
    return made


def test_tables_of_clients_are_read_from_wheels(wheels: list[Path]) -> None:
    """The other tables are those of the installed clients."""
    tables = operation_tables.wheel_tables(wheels)
    assert sorted(tables) == ["mns-open", "smq-proxy"]
    assert tables["mns-open"] == {
        "source": "alibabacloud-mns-open20220119 1.0",
        "version": "2022-01-19",
        "operations": {"DoIt": ["PUT", "/things/{}/parts"]},
    }


def test_missing_wheel_is_an_error(wheels: list[Path]) -> None:
    """A table must not be dropped silently."""
    with pytest.raises(ValueError, match="smqproxy"):
        operation_tables.wheel_tables(wheels[:1])


def test_stale_tables_are_found(wheels: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, arguments = tmp_path / "tables.json", [str(wheel) for wheel in wheels]
    monkeypatch.setattr(operation_tables, "TABLES", written)
    assert CliRunner().invoke(operation_tables.main, arguments).exit_code == 0
    assert CliRunner().invoke(operation_tables.main, [*arguments, "--check"]).exit_code == 0
    written.write_text("{}", encoding="utf-8")
    stale = CliRunner().invoke(operation_tables.main, [*arguments, "--check"])
    assert (stale.exit_code, written.read_text(encoding="utf-8")) == (1, "{}")


def test_tables_of_wheels_are_those_of_the_pinned_clients() -> None:
    """These are not installed, so `make test-clients` compares the operations with those of the wheels."""
    pins = (known_operations.tables()[service]["source"].replace(" ", "==") for service in ("mns-open", "smq-proxy"))
    assert f"SMQ_CLIENTS := {' '.join(pins)}" in (ROOT / "Makefile").read_text().splitlines()
    assert "$(call with_smq_clients,--check)" in (ROOT / "Makefile").read_text()


def test_dockerfile_copies_tracked_files_and_runs_the_command() -> None:
    """It was built with buildah, on a base image with the same Python, and its command ran a quick start."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    tracked = subprocess.run(("git", "ls-files"), cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    for line in lines:
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert any(name == source or name.startswith(f"{source}/") for name in tracked), source
    assert lines[-1] == 'CMD ["express-sync", "up", "--no-function", "--port-base", "8700"]'
