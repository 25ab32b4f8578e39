"""Virtual time for threads: one runs at a time, and the clock jumps to the next instant for which an alarm is set.

Alarms for the same instant ring in the order in which they were set, so a run is the same every time.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from threading import Lock, Thread
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Alarm:
    """What a thread waits for. It rings once, however often it is set."""

    def __init__(self) -> None:
        self.is_rung = False
        self.baton = Lock()
        self.baton.acquire()


class VirtualTime:
    """The clock of a simulation, in seconds from 0, and the schedule of its threads."""

    def __init__(self) -> None:
        self.now = 0.0
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._order = count()
        self._over = Alarm()
        self._error: BaseException | None = None

    def run(self, *threads: Callable[[], None]) -> None:
        """Run these as threads, with all that they start, until no alarm is set; raise what one of them raised."""
        for thread in threads:
            self.start(thread)
        self.wait(self._over)
        if self._error is not None:
            raise self._error

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread of its own as soon as the calling thread waits."""
        begin = Alarm()

        def run() -> None:
            begin.baton.acquire()
            try:
                work()
            except BaseException as error:
                self._error = error
                self._alarms.clear()
            self._continue()

        Thread(target=run, daemon=True).start()
        self.set(begin, self.now)

    def set(self, alarm: Alarm, instant: float) -> None:
        """Let the alarm ring at that instant, unless it rings before."""
        heapq.heappush(self._alarms, (max(instant, self.now), next(self._order), alarm))

    def wait(self, alarm: Alarm) -> None:
        """Return when the alarm rings."""
        self._continue()
        alarm.baton.acquire()

    def sleep(self, seconds: float) -> None:
        """Return after so many virtual seconds."""
        alarm = Alarm()
        self.set(alarm, self.now + seconds)
        self.wait(alarm)

    def _continue(self) -> None:
        while self._alarms:
            instant, _, alarm = heapq.heappop(self._alarms)
            if not alarm.is_rung:
                return self._ring(alarm, instant)
        return self._ring(self._over, self.now)

    def _ring(self, alarm: Alarm, instant: float) -> None:
        self.now = instant
        alarm.is_rung = True
        alarm.baton.release()


class VirtualPool:
    """Takes the place of a pool of threads, as far as `map`, with threads of a VirtualTime."""

    def __init__(self, time: VirtualTime, workers: int) -> None:
        self._time = time
        self._workers = workers

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the results in order, or raise the first error once every thread has ended."""
        waiting = deque(enumerate(items))
        if len(waiting) <= 1:
            return [work(item) for _, item in waiting]
        results: dict[int, Result] = {}
        errors = self._side_by_side(waiting, lambda place, item: results.__setitem__(place, work(item)))
        if errors:
            raise errors[0]
        return [results[place] for place in sorted(results)]

    def _side_by_side(self, waiting: deque[tuple[int, Item]], work: Callable[[int, Item], None]) -> list[BaseException]:
        workers = min(self._workers, len(waiting))
        errors: list[BaseException] = []
        ended = count(1)
        done = Alarm()

        def run() -> None:
            try:
                while waiting:
                    work(*waiting.popleft())
            except BaseException as error:
                errors.append(error)
            if next(ended) == workers:
                self._time.set(done, self._time.now)

        for _ in range(workers):
            self._time.start(run)
        self._time.wait(done)
        return errors
