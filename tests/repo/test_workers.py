"""The plugin that runs the tests in forked processes: nothing is lost, doubled or attributed to another test."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MANY = """
import os, sys, pytest

@pytest.fixture(scope="module", autouse=True)
def shared(request, shared_path):
    with (shared_path / f"made-{os.getpid()}").open("a") as made:
        made.write("made\\n")
    yield
    with (shared_path / f"ended-{os.getpid()}").open("a") as ended:
        ended.write("ended\\n")

@pytest.mark.parametrize("number", range(40))
def test_number(number, shared_path, tmp_path):
    print(f"output of {number}.")
    os.system(f"echo process of {number}.")
    with (shared_path / "numbers").open("a") as numbers:
        numbers.write(f"{number}\\n")
    if number % 10 == 3:
        pytest.skip("not this one")
    assert number % 10 != 7
"""

SLOW = """
import os, time, pytest

@pytest.mark.parametrize("number", range(20))
def test_number(number, shared_path):
    numbers, main = shared_path / "numbers", os.getppid()
    with numbers.open("a") as file:
        file.write("x")
    while not number and len(numbers.read_text()) < 20 and os.getppid() == main:
        time.sleep(0.01)
"""


class Ended:
    """A run of pytest that has ended: its exit code, what it printed, and how many tests had which result."""

    def __init__(self, folder: Path, source: str, *options: str) -> None:
        (folder / "test_it.py").write_text(source)
        command = [sys.executable, "-m", "pytest", "-p", "tests.support.workers", "-p", "no:cacheprovider", "-rA"]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        self.shared = folder / "base"
        done = subprocess.run(
            [*command, "-c", "/dev/null", f"--rootdir={folder}", f"--basetemp={self.shared}", *options, folder],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        self.code, self.out = done.returncode, done.stdout + done.stderr
        self.results = Counter(re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED) ", self.out, re.MULTILINE))


def lines(folder: Path, pattern: str) -> list[str]:
    return [line for path in folder.glob(pattern) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("workers", [0, 1, 5, 60])
def test_each_test_runs_once_and_is_reported(workers: int, tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY, "--workers", str(workers))
    assert (ended.code, ended.results["PASSED"], ended.results["FAILED"]) == (1, 32, 4)
    assert "32 passed" in ended.out
    assert "4 skipped" in ended.out
    assert sorted(lines(ended.shared, "numbers"), key=int) == [str(number) for number in range(40)]


def test_output_is_shown_with_its_test(tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY, "--workers", "8")
    for number in (7, 17, 27, 37):
        part = ended.out.partition(f"_ test_number[{number}] _")[2].partition("_ test_number[")[0]
        assert re.findall(r"(?:output|process) of (\d+)\.\n", part)[:2] == [str(number)] * 2


def test_output_that_is_not_captured_is_dropped(tmp_path: Path) -> None:
    """It would appear among the dots, in the middle of a line."""
    prints = "def test_it(capsys):\n    with capsys.disabled():\n        print('among the dots')\n"
    ended = Ended(tmp_path, prints, "--workers", "2")
    assert (ended.code, "among the dots" in ended.out) == (0, False)


def test_fixtures_of_a_module_end_in_each_worker(tmp_path: Path) -> None:
    shared = Ended(tmp_path, MANY, "--workers", "4").shared
    made, ended = (
        {path.name.removeprefix(prefix): path.read_text().count("\n") for path in shared.glob(f"{prefix}*")}
        for prefix in ("made-", "ended-")
    )
    assert made
    assert made == ended


def test_slow_test_holds_up_no_other(tmp_path: Path) -> None:
    """It waits for all others, also for those that its worker would have run."""
    ended = Ended(tmp_path, SLOW, "--workers", "2")
    assert (ended.code, ended.results["PASSED"]) == (0, 20)


def test_long_test_is_started_before_others(tmp_path: Path) -> None:
    marked = MANY.replace("range(40))", "[*range(39), pytest.param(39, marks=pytest.mark.long)])")
    ended = Ended(tmp_path, marked, "--workers", "1")
    assert lines(ended.shared, "numbers")[:2] == ["39", "0"]


@pytest.mark.parametrize(
    ("end", "how"),
    [("os.kill(os.getpid(), 9)", "signal SIGKILL"), ("os._exit(3)", "exit code 3")],
    ids=["kill", "exit"],
)
def test_end_of_a_worker_is_a_failure_of_its_test(end: str, how: str, tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY.replace("assert number % 10 != 7", f"if number % 10 == 7: {end}"), "--workers", "3")
    assert (ended.code, ended.results["PASSED"], ended.results["FAILED"]) == (1, 32, 4)
    assert ended.out.count(f"the worker ended while it ran this test: {how}") >= 4
    assert sorted(lines(ended.shared, "numbers"), key=int) == [str(number) for number in range(40)]


def test_failing_end_of_a_fixture_is_an_error(tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY.replace('ended.write("ended\\n")', "raise OSError"), "--workers", "2")
    assert ended.code == 1
    assert ended.results["ERROR"] >= 2


def test_run_stops_after_as_many_failures_as_allowed(tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY, "--workers", "1", "--exitfirst")
    assert (ended.code, ended.results["FAILED"]) == (1, 1)
    assert "stopping after 1 failures" in ended.out
    assert "6 passed" in ended.out


def test_warnings_are_shown(tmp_path: Path) -> None:
    warns = "import warnings\n\ndef test_it():\n    warnings.warn('mind this')\n"
    ended = Ended(tmp_path, warns, "--workers", "2")
    assert (ended.code, ended.results["PASSED"]) == (0, 1)
    assert "UserWarning: mind this" in ended.out


def test_error_of_the_collection_ends_the_run(tmp_path: Path) -> None:
    ended = Ended(tmp_path, "import nothing_of_this_name", "--workers", "2")
    assert (ended.code, ended.results["ERROR"]) == (2, 1)


def test_exception_outside_of_the_tests_is_shown(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("def pytest_runtest_protocol(item): raise LookupError('of a plugin')\n")
    ended = Ended(tmp_path, MANY, "--workers", "2")
    assert ended.code == 3
    assert "LookupError: of a plugin" in ended.out
