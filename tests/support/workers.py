"""A pytest plugin that runs the tests in processes forked after the collection: `pytest --workers 8`.

Each worker of pytest-xdist imports and collects all tests again. These workers have them from the start, so that there
can be more workers than cores: one that waits costs nothing. `docs/decisions/0017-forked-workers.md` has the figures.
"""

import builtins
import contextlib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, NoReturn

import pytest
from coverage import Coverage

_SHARED_PATH = pytest.StashKey[Path]()
_END_SECONDS = 20.0  # for the fixtures of a run that is broken off
_SIGNALS = {signal.SIGINT, signal.SIGALRM}  # what raises an exception at any place of a worker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--workers`."""
    parser.addoption("--workers", type=int, default=0, help="run the tests in so many forked processes")


def pytest_configure(config: pytest.Config) -> None:
    """Add the marker `long`, and refuse options that workers cannot have."""
    config.addinivalue_line("markers", "long: takes ten seconds or more on an idle machine; workers begin with these")
    workers = config.getoption("workers")
    if workers < 0:
        raise pytest.UsageError("--workers: must not be negative")
    if workers and (config.getoption("usepdb") or config.getoption("trace")):
        raise pytest.UsageError("--pdb and --trace need the terminal: use them without --workers")


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


@contextlib.contextmanager
def _without_signals() -> Iterator[None]:
    """Hold signals back: an exception in the middle of a message would make the rest of the pipe unreadable."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _plain(value: object) -> Any:
    """Return a value of built-in types: the main process may not be able to import others."""
    if isinstance(value, dict):
        return {_plain(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return (tuple if isinstance(value, tuple) else list)(map(_plain, value))
    if isinstance(value, str):
        return "".join(value)
    return value if value is None or type(value) in {bool, int, float} else repr(value)


@dataclass(eq=False)
class _Process:
    """A worker as the main process sees it: the tests that are left for it, the next one, and the one that it runs.

    `is_done`: it has run all of them, and what they left behind is written.
    """

    pid: int
    connection: Connection
    left: deque[int]
    following: deque[int] = field(default_factory=deque)  # at most one
    running: pytest.Item | None = None
    is_done: bool = False


def _parts(items: Sequence[pytest.Item], count: int) -> list[list[int]]:
    """Return the tests of each worker, by their places.

    The tests of a module stay together as far as that is possible, because they share what it sets up. Long ones come
    first.
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
            "stops": self._stop,
            "exits": self._exit,
            "interrupts": self._interrupt,
            "breaks": self._break,
            "is done": self._conclude,
        }

    def run(self) -> None:
        if (terminal := self._session.config.pluginmanager.getplugin("terminalreporter")) is not None:
            terminal.showfspath = False  # the tests of many files are reported in turn
        self._session.config.stash[_SHARED_PATH] = _tmp_path_factory(self._session.config).getbasetemp()
        try:
            for part in _parts(self._session.items, self._count):
                self._start(part)
            while self._processes:
                self._receive(self._receivers)
        finally:
            self._break_off()
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _start(self, indices: Sequence[int]) -> None:
        if threading.active_count() > 1:
            raise RuntimeError(f"a thread that runs before the tests is not in their workers: {threading.enumerate()}")
        here, there = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        with _without_signals():
            pid = os.fork()
            if not pid:
                _Worker(self._session, there).run([here, *(process.connection for process in self._processes)])
        there.close()
        self._processes.append(_Process(pid, here, deque(indices)))

    def _receive(self, receivers: dict[str, Callable[..., None]], seconds: float | None = None) -> bool:
        """Receive what workers send next; return whether they have, within so many seconds."""
        ready = wait([process.connection for process in self._processes], seconds)
        for process in [each for each in self._processes if each.connection in ready]:
            try:
                name, *arguments = process.connection.recv()
            except (EOFError, OSError):
                self._end(process)
            else:
                receivers.get(name, _ignore)(process, *arguments)
            if self._session.shouldfail or self._session.shouldstop:
                for each in self._processes:
                    each.left.clear()
        return bool(ready)

    def _answer(self, process: _Process) -> None:
        """Send a worker its next test, or nothing, after which it ends."""
        if not process.left:
            self._take(process)
        if process.left:
            process.following.append(process.left.popleft())
        with contextlib.suppress(OSError):  # it has ended meanwhile, which is received next
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

    def _warn(self, _process: _Process, text: str, category: str, place: tuple[str, int], more: dict[str, Any]) -> None:
        message = warnings.WarningMessage(text, getattr(builtins, category), *place)
        self._hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": message, **more})

    def _stop(self, _process: _Process, why: str) -> None:
        self._session.shouldstop = why

    def _exit(self, _process: _Process, why: str, code: int | None) -> None:
        pytest.exit(why, code)

    def _interrupt(self, _process: _Process) -> None:
        raise KeyboardInterrupt

    def _break(self, _process: _Process, trace: str) -> None:
        raise RuntimeError(f"a worker cannot go on:\n{trace}")

    def _conclude(self, process: _Process) -> None:
        process.is_done = True
        self._end(process)

    def _end(self, process: _Process) -> None:
        """Forget a worker that has ended; if it was not done, fail its test and start another."""
        self._processes.remove(process)
        process.connection.close()
        code = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])
        if not process.is_done:
            self._fail(process.running, f"signal {_name_of(-code)}" if code < 0 else f"exit code {code}")
            if left := [*process.following, *process.left]:
                self._start(left)
        self._finish_test(process)

    def _fail(self, item: pytest.Item | None, how: str) -> None:
        if item is None:
            raise RuntimeError(f"a worker ended between tests: {how}")
        text = f"the worker ended while it ran this test: {how}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")
        self._hook.pytest_runtest_logreport(report=report)

    def _break_off(self) -> None:
        """End the workers that are left after an exception: first let them tear down what they have set up."""
        for process in self._processes:
            process.is_done = True
            process.left.clear()
            os.kill(process.pid, signal.SIGINT)
        with contextlib.suppress(Exception):
            while self._processes and self._receive({"asks": self._answer}, _END_SECONDS):
                pass
        for process in self._processes:
            os.kill(process.pid, signal.SIGKILL)
            os.waitpid(process.pid, 0)


def _ignore(*_: object) -> None:
    """Drop a message of a worker that is being ended."""


def _name_of(number: int) -> str:
    return signal.Signals(number).name if number in {*signal.Signals} else str(number)


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
        self._is_set_up = False

    def run(self, foreign: Sequence[Connection]) -> NoReturn:
        """Run what the main process hands out, and end the process; `foreign` are the connections of others."""
        try:
            for connection in foreign:
                connection.close()
            os.register_at_fork(after_in_child=self._connection.close)  # else main would wait for its end, too
            self._set_up()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._run_tests()
            self._save_coverage()
            self._send("is done")
        except BaseException as error:
            self._break_off(error)
        finally:
            os._exit(0)

    def _set_up(self) -> None:
        """Print nothing; capture what the tests print in own files, and make an own temporary directory."""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in the background
        plugins = self._config.pluginmanager
        plugins.unregister(name="terminalreporter")
        plugins.register(self)
        self._is_set_up = True
        capture = plugins.getplugin("capturemanager")
        capture.stop_global_capturing()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is printed while nothing is captured
        capture.start_global_capturing()
        # What others write to the terminal, such as the stacks at a timeout, is captured with the test.
        writer = pytest.TerminalReporter(self._config, sys.stderr)._tw
        plugins.register(SimpleNamespace(_tw=writer), "terminalreporter")
        own_path = self._config.stash[_SHARED_PATH] / f"worker-{os.getpid()}"
        own_path.mkdir(mode=0o700)
        _tmp_path_factory(self._config)._basetemp = own_path

    def _run_tests(self) -> None:
        item = self._ask()
        while item is not None:
            following = _Following(self._ask)
            self._send("starts")
            self._config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._session.shouldstop:
                self._send("stops", str(self._session.shouldstop))
            if following.item is None:
                self._find_leaks(item)
            item = following.item

    def _find_leaks(self, item: pytest.Item) -> None:
        """Let pytest report what was not closed; the last test of this worker gets what no test before it got."""
        try:
            self._config.pluginmanager.getplugin("unraisableexception").pytest_unconfigure(self._config)
        except Exception:
            text = f"found after the last test of a worker, which need not be at fault:\n{traceback.format_exc()}"
            self.pytest_runtest_logreport(pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "teardown"))

    def _ask(self) -> pytest.Item | None:
        with _without_signals(), contextlib.suppress(EOFError, OSError):
            self._connection.send(("asks",))
            return next((self._session.items[index] for index in self._connection.recv()), None)
        return None  # the main process has ended

    def _send(self, name: str, *arguments: object) -> None:
        with _without_signals(), contextlib.suppress(OSError):
            self._connection.send((name, *_plain(arguments)))

    def _save_coverage(self) -> None:
        if (coverage := Coverage.current()) is not None:
            coverage.stop()
            coverage.save()

    def _break_off(self, error: BaseException) -> None:
        """Tear down what is set up, and tell the main process why it all ends."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(BaseException):
            self._session._setupstate.teardown_exact(None)
        with contextlib.suppress(BaseException):
            self._save_coverage()
        match error:
            case pytest.exit.Exception():
                self._send("exits", error.msg, error.returncode)
            case KeyboardInterrupt():
                self._send("interrupts")
            case _:
                self._send("breaks", "".join(traceback.format_exception(error)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._send("reports", self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_warning_recorded(
        self,
        warning_message: warnings.WarningMessage,
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        if not self._is_set_up:  # it is of the collection, and pytest repeats it for each new plugin
            return
        category = next(each for each in warning_message.category.__mro__ if each.__module__ == "builtins")
        name = "" if category is warning_message.category else f"{warning_message.category.__name__}: "
        place = (warning_message.filename, warning_message.lineno)
        more = {"when": when, "nodeid": nodeid, "location": location}
        self._send("warns", f"{name}{warning_message.message}", category.__name__, place, more)
