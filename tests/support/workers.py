"""A pytest plugin that runs the tests in processes forked after the collection: `pytest --workers 8`.

Each worker of pytest-xdist imports and collects all tests again. These workers have them from the start, so that there
can be more workers than cores: one that waits costs nothing. `docs/decisions/0017-forked-workers.md` has the figures.
"""

import os
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, Literal, NoReturn

import pytest
from coverage import Coverage

_SHARED_PATH = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--workers`."""
    parser.addoption("--workers", type=int, default=0, help="run the tests in so many forked processes")


def pytest_configure(config: pytest.Config) -> None:
    """Add the marker `long`."""
    config.addinivalue_line("markers", "long: takes ten seconds or more on an idle machine; workers begin with these")


@pytest.fixture(scope="session")
def shared_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that all workers of this run share."""
    return request.config.stash.get(_SHARED_PATH, tmp_path_factory.getbasetemp())


def _tmp_path_factory(config: pytest.Config) -> pytest.TempPathFactory:
    """Return what the fixture of this name returns; pytest has no public way to it outside of a test."""
    factory: pytest.TempPathFactory = vars(config)["_tmp_path_factory"]
    return factory


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Literal[True] | None:
    """Run the tests in workers, if that is asked for and the collection had no error."""
    count = session.config.getoption("workers")
    if not count or session.config.option.collectonly or session.testsfailed:
        return None
    _Run(session, count).run()
    return True


@dataclass(eq=False)
class _Process:
    """A worker as the main process sees it: the tests that are left for it, the next one, and the one that it runs."""

    pid: int
    connection: Connection
    left: deque[int]
    following: deque[int] = field(default_factory=deque)  # at most one
    running: pytest.Item | None = None


def _parts(items: Sequence[pytest.Item], count: int) -> list[list[int]]:
    """Return the tests of each worker, by their places.

    The tests of a module stay together as far as that is possible, because they share what it sets up. Long ones come
    first, so that none is still running when all others have ended.
    """
    long: dict[Path, list[int]] = {}
    others: list[int] = []
    for place, item in enumerate(items):
        (long.setdefault(item.path, []) if item.get_closest_marker("long") else others).append(place)
    modules = [*long.values()]
    ends = [len(others) * number // count for number in range(count + 1)]
    parts = [
        [*chain.from_iterable(modules[number::count]), *others[ends[number] : ends[number + 1]]]
        for number in range(count)
    ]
    return [part for part in parts if part]


class _Run:
    """The main process: it hands out the tests and passes on what the workers report."""

    def __init__(self, session: pytest.Session, count: int) -> None:
        self._session = session
        self._hook = session.config.hook
        self._count = count
        self._processes: list[_Process] = []
        self._receivers: dict[str, Callable[..., None]] = {
            "asks": self._answer,
            "starts": self._start_test,
            "reports": self._report,
            "warns": self._warn,
            "breaks": self._break,
        }

    def run(self) -> None:
        if (terminal := self._session.config.pluginmanager.getplugin("terminalreporter")) is not None:
            terminal.showfspath = False  # the tests of many files are reported in turn
        self._session.config.stash[_SHARED_PATH] = _tmp_path_factory(self._session.config).getbasetemp()
        try:
            for part in _parts(self._session.items, self._count):
                self._start(part)
            while self._processes:
                ready = wait([process.connection for process in self._processes])
                for process in [each for each in self._processes if each.connection in ready]:
                    self._receive(process)
        finally:
            for process in self._processes:
                os.kill(process.pid, signal.SIGKILL)
                os.waitpid(process.pid, 0)

    def _start(self, indices: Sequence[int]) -> None:
        here, there = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            for connection in (here, *(process.connection for process in self._processes)):
                connection.close()
            _Worker(self._session, there).run()
        there.close()
        self._processes.append(_Process(pid, here, deque(indices)))

    def _receive(self, process: _Process) -> None:
        try:
            name, *arguments = process.connection.recv()
        except (EOFError, ConnectionResetError):
            self._end(process)
            return
        self._receivers[name](process, *arguments)
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _answer(self, process: _Process) -> None:
        """Send a worker its next test, or nothing, after which it ends."""
        if not process.left:
            self._take(process)
        if process.left:
            process.following.append(process.left.popleft())
        process.connection.send([*process.following])

    def _take(self, process: _Process) -> None:
        """Take half of the tests of the worker that has the most left, so that none waits for a slow one."""
        others = max((other.left for other in self._processes), key=len)
        for _ in range((len(others) + 1) // 2):
            process.left.appendleft(others.pop())

    def _start_test(self, process: _Process) -> None:
        self._finish_test(process)
        process.running = item = self._session.items[process.following.popleft()]
        self._hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)

    def _finish_test(self, process: _Process) -> None:
        if (item := process.running) is not None:
            self._hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        process.running = None

    def _report(self, _process: _Process, data: dict[str, Any]) -> None:
        report = self._hook.pytest_report_from_serializable(config=self._session.config, data=data)
        self._hook.pytest_runtest_logreport(report=report)

    def _warn(self, _process: _Process, arguments: dict[str, Any]) -> None:
        self._hook.pytest_warning_recorded.call_historic(kwargs=arguments)

    def _break(self, _process: _Process, trace: str) -> None:
        raise RuntimeError(f"a worker cannot go on:\n{trace}")

    def _end(self, process: _Process) -> None:
        """Forget a worker that has ended; if it was not done, fail its test and start another."""
        self._processes.remove(process)
        process.connection.close()
        code = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])
        if code:
            self._fail(process.running, f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}")
            if left := [*process.following, *process.left]:
                self._start(left)
        self._finish_test(process)

    def _fail(self, item: pytest.Item | None, how: str) -> None:
        if item is None:
            raise RuntimeError(f"a worker ended between tests: {how}")
        text = f"the worker ended while it ran this test: {how}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")
        self._hook.pytest_runtest_logreport(report=report)


@dataclass
class _Following:
    """The test after another, as pytest uses it when it decides what to tear down: not asked for before that.

    A worker that knew it earlier would keep it waiting for the end of a slow test.
    """

    ask: Callable[[], pytest.Item | None]

    @cached_property
    def item(self) -> pytest.Item | None:
        return self.ask()

    def listchain(self) -> list[Any]:
        return [] if self.item is None else self.item.listchain()


class _Worker:
    """A forked process, and the plugin of pytest in it that sends what the tests give."""

    def __init__(self, session: pytest.Session, connection: Connection) -> None:
        self._session = session
        self._config = session.config
        self._connection = connection

    def run(self) -> NoReturn:
        """Run what the main process hands out, and end the process."""
        code = 1
        try:
            self._set_up()
            self._run_tests()
            if (coverage := Coverage.current()) is not None:
                coverage.stop()
                coverage.save()
            code = 0
        except BaseException:
            self._send("breaks", traceback.format_exc())
        finally:
            os._exit(code)

    def _set_up(self) -> None:
        """Print nothing; capture what the tests print in own files, and make an own temporary directory."""
        plugins = self._config.pluginmanager
        plugins.unregister(name="terminalreporter")
        plugins.register(self)
        capture = plugins.getplugin("capturemanager")
        capture.stop_global_capturing()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is printed while nothing is captured
        capture.start_global_capturing()
        own_path = self._config.stash[_SHARED_PATH] / f"worker-{os.getpid()}"
        own_path.mkdir(mode=0o700)
        _tmp_path_factory(self._config)._basetemp = own_path

    def _run_tests(self) -> None:
        item = self._ask()
        while item is not None:
            following = _Following(self._ask)
            self._send("starts")
            self._config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item = following.item

    def _ask(self) -> pytest.Item | None:
        self._send("asks")
        return next((self._session.items[index] for index in self._connection.recv()), None)

    def _send(self, name: str, *arguments: object) -> None:
        self._connection.send((name, *arguments))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._send("reports", self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_warning_recorded(
        self,
        warning_message: warnings.WarningMessage,
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        # Its source is left out: it may be an open file, which cannot be sent.
        sent = warnings.WarningMessage(
            str(warning_message.message), warning_message.category, warning_message.filename, warning_message.lineno
        )
        self._send("warns", {"warning_message": sent, "when": when, "nodeid": nodeid, "location": location})
