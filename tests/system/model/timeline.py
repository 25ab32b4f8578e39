"""Virtual time for threads: it stands while any of them runs, and then advances to one waiting thread at a time.

A pool of real threads runs the same way every time; the planned durations decide the order of its steps.
"""

from threading import Condition

from tests.system.model.faults import Killed

_HANG_SECONDS = 20.0  # of real time: only a defect of a test makes a thread wait that long


class Timeline:
    """The time of a pool of `workers` threads that have `tasks` tasks, each of which has a rank of its own."""

    def __init__(self, began: float, workers: int, tasks: int) -> None:
        self.now = began
        self._workers = workers
        self._unfinished = tasks
        self._working = min(workers, tasks)
        self._waiting: dict[int, float] = {}
        self._killed = False
        self._changed = Condition()

    def wait(self, seconds: float, rank: int) -> None:
        """Return when it is the task's turn, that many seconds from now; raise Killed once the process is."""
        with self._changed:
            self._waiting[rank] = self.now + seconds
            self._rest()
            while rank in self._waiting and not self._killed:
                if not self._changed.wait(_HANG_SECONDS):
                    raise AssertionError("no thread advances the time")
            if self._killed:
                raise Killed

    def finish(self) -> None:
        """End the task of the calling thread, which continues with the next unstarted task, if any."""
        with self._changed:
            self._unfinished -= 1
            if self._unfinished < self._workers:
                self._rest()

    def kill(self) -> None:
        """End the process: every thread that waits, now or later, is killed."""
        with self._changed:
            self._killed = True
            self._changed.notify_all()

    def _rest(self) -> None:
        self._working -= 1
        if self._working == 0 and self._waiting:
            rank = min(self._waiting, key=lambda each: (self._waiting[each], each))
            self.now = max(self.now, self._waiting.pop(rank))
            self._working = 1
            self._changed.notify_all()
