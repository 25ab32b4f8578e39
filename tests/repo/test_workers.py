"""The plugin that runs the tests in forked processes: nothing is lost, doubled or attributed to another test."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.patience import PATIENCE_SECONDS

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
        with (folder / "out").open("w+", encoding="utf-8") as out:
            done = subprocess.run(
                [*command, "-c", "/dev/null", f"--rootdir={folder}", f"--basetemp={self.shared}", *options, folder],
                stdout=out,
                stderr=out,
                check=False,
                env=environment,
                timeout=PATIENCE_SECONDS,
            )
        self.code, self.out = done.returncode, (folder / "out").read_text(encoding="utf-8")
        self.passed = set(re.findall(r"^PASSED .*::(\w+)$", self.out, re.MULTILINE))
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
    [
        ("os.kill(os.getpid(), 9)", "signal SIGKILL"),
        ("os.kill(os.getpid(), 40)", "signal 40"),
        ("os._exit(3)", "exit code 3"),
        ("os._exit(0)", "exit code 0"),
    ],
    ids=["kill", "real-time signal", "exit", "exit with 0"],
)
def test_end_of_a_worker_is_a_failure_of_its_test(end: str, how: str, tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY.replace("assert number % 10 != 7", f"if number % 10 == 7: {end}"), "--workers", "3")
    assert (ended.code, ended.results["PASSED"], ended.results["FAILED"]) == (1, 32, 4)
    assert ended.out.count(f"the worker ended while it ran this test: {how}") >= 4
    assert sorted(lines(ended.shared, "numbers"), key=int) == [str(number) for number in range(40)]


def test_end_of_a_worker_after_a_test_loses_no_other(tmp_path: Path) -> None:
    """It has been told its next test, or is just being told it."""
    ends = "\n    ".join(("yield", "if number[0] % 10 == 7: os._exit(3)"))
    source = f"""
import os, pytest
number = [0]

@pytest.fixture(autouse=True)
def ending():
    {ends}

@pytest.mark.parametrize("now", range(40))
def test_number(now, shared_path):
    number[0] = now
    with (shared_path / "numbers").open("a") as numbers:
        numbers.write(f"{{now}}\\n")
"""
    ended = Ended(tmp_path, source, "--workers", "3")
    assert (ended.code, ended.results["FAILED"]) == (1, 4)
    assert sorted(lines(ended.shared, "numbers"), key=int) == [str(number) for number in range(40)]


def test_end_of_a_worker_that_is_asking_loses_no_other(tmp_path: Path) -> None:
    """The main process is busy meanwhile, and answers a worker that has ended."""
    (tmp_path / "conftest.py").write_text("""
import os, time
main = os.getpid()

def pytest_runtest_logreport(report):
    if os.getpid() == main and report.when == "call" and "a" in report.nodeid:
        time.sleep(0.3)
""")
    source = """
import multiprocessing.connection, os

def test_a():
    multiprocessing.connection.Connection.recv = lambda self: os._exit(3)

def test_b(): pass
"""
    ended = Ended(tmp_path, source, "--workers", "1")
    assert (ended.code, ended.results["FAILED"]) == (1, 1)
    assert "test_b" in ended.passed


def test_child_of_a_test_does_not_hold_up_the_run(tmp_path: Path) -> None:
    """It has what its parent had open. This test would end by its timeout."""
    forks = """
import os, signal

def test_it(shared_path):
    if child := os.fork():
        (shared_path / "child").write_text(str(child))
    else:
        signal.pause()
"""
    ended = Ended(tmp_path, forks, "--workers", "1")
    os.kill(int((ended.shared / "child").read_text()), signal.SIGKILL)
    assert (ended.code, ended.results["PASSED"]) == (0, 1)


def test_failing_end_of_a_fixture_is_an_error(tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY.replace('ended.write("ended\\n")', "raise OSError"), "--workers", "2")
    assert ended.code == 1
    assert ended.results["ERROR"] >= 2


def test_run_stops_after_as_many_failures_as_allowed(tmp_path: Path) -> None:
    ended = Ended(tmp_path, MANY, "--workers", "1", "--exitfirst")
    assert (ended.code, ended.results["FAILED"]) == (1, 1)
    assert "stopping after 1 failures" in ended.out
    assert "6 passed" in ended.out


ENDING = """
import pathlib, pytest

@pytest.fixture(scope="module")
def server(shared_path):
    yield
    (shared_path / "ended").write_text("ended")

def test_a(server): pass
def test_b(server): {fails}
def test_c(server): pass
"""


@pytest.mark.parametrize(
    ("fails", "options", "code"),
    [
        ("assert 0", ("--exitfirst",), 1),
        ("pytest.exit('enough', 7)", (), 7),
        ("raise KeyboardInterrupt", (), 2),
    ],
    ids=["exitfirst", "exit", "interrupt"],
)
def test_run_that_stops_ends_its_fixtures(fails: str, options: tuple[str, ...], code: int, tmp_path: Path) -> None:
    ended = Ended(tmp_path, ENDING.format(fails=fails), "--workers", "1", *options)
    assert ended.code == code
    assert "test_c" not in ended.passed
    assert lines(ended.shared, "ended") == ["ended"]


def test_interrupted_run_ends_the_fixtures_of_all_workers(tmp_path: Path) -> None:
    """One test interrupts the main process while the others wait."""
    source = (
        ENDING.format(fails="pass")
        + """
import os, signal, time

signal.signal(signal.SIGINT, signal.default_int_handler)  # else it may be ignored, as in the background of a shell

def test_waits(server, shared_path):
    (shared_path / "waits").touch()
    time.sleep(600)

def test_interrupts(shared_path):
    while not (shared_path / "waits").exists():
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(600)
"""
    )
    ended = Ended(tmp_path, source, "--workers", "5")
    assert ended.code == 2
    assert lines(ended.shared, "ended") == ["ended"]


def test_timeout_is_shown_with_the_stacks_of_threads(tmp_path: Path) -> None:
    source = """
import threading, time

def wait_in_a_thread(): time.sleep(600)

def test_it():
    threading.Thread(target=wait_in_a_thread, daemon=True).start()
    time.sleep(600)
"""
    ended = Ended(tmp_path, source, "--workers", "1", "-p", "pytest_timeout", "--timeout", "1")
    assert (ended.code, ended.results["FAILED"]) == (1, 1)
    assert "Timeout (>1.0s) from pytest-timeout" in ended.out
    assert "in wait_in_a_thread" in ended.out


def test_objects_that_cannot_be_sent_are_shown(tmp_path: Path) -> None:
    source = """
import warnings

def test_it(record_property):
    class Own(UserWarning): pass
    record_property("key", lambda: 0)
    warnings.warn(Own("mind this"))
"""
    ended = Ended(tmp_path, source, "--workers", "1")
    assert (ended.code, ended.results["PASSED"]) == (0, 1)
    assert "UserWarning: Own: mind this" in ended.out


def test_leak_of_the_last_test_is_an_error(tmp_path: Path) -> None:
    leaks = "def test_it():\n    found = [open(__file__)]\n    found.append(found)\n"
    ended = Ended(tmp_path, leaks, "--workers", "1", "-W", "error")
    assert (ended.code, ended.results["ERROR"]) == (1, 1)
    assert "ResourceWarning" in ended.out


def test_warning_of_the_collection_is_shown_once(tmp_path: Path) -> None:
    warns = f"import warnings\nwarnings.warn('at import')\n{MANY}"
    assert "1 warning" in Ended(tmp_path, warns, "--workers", "3").out


@pytest.mark.parametrize("options", [("-1",), ("2", "--pdb")], ids=["negative", "debugger"])
def test_impossible_option_is_an_error(options: tuple[str, ...], tmp_path: Path) -> None:
    assert Ended(tmp_path, MANY, "--workers", *options).code == 4


def test_thread_before_the_tests_is_an_error(tmp_path: Path) -> None:
    """A fork would not take it along, and whatever it holds would be held for ever."""
    begins = "import threading, time\nthreading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
    ended = Ended(tmp_path, begins + MANY, "--workers", "2")
    assert ended.code == 3
    assert "a thread that runs before the tests is not in their workers" in ended.out


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
