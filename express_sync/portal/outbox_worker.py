"""Empties an outbox in a thread of its own, until it is stopped."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

LOGGER = logging.getLogger(__name__)
MAX_WAIT_SECONDS = 1.0  # what another replica stores, or what becomes due, is noticed after that


@dataclass(slots=True)
class OutboxWorker(ABC):
    """Repeats a step, and waits while nothing is due; `wake` makes it look at once."""

    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)

    @abstractmethod
    def run(self) -> None:
        """Send what is due until it is stopped."""

    def wake(self) -> None:
        """Look for messages at once."""
        self._woken.set()

    def stop(self) -> None:
        """Let `run` end, after the step that has begun."""
        self._stopping.set()
        self.wake()

    def repeat(self, step: Callable[[], int]) -> None:
        """Call `step`, which returns how many messages it took, until the worker is stopped."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                is_idle = step() == 0
            except SQLAlchemyError as error:
                name = type(self).__name__
                LOGGER.warning("The %s cannot use its outbox (%s); it tries again.", name, type(error).__name__)
                is_idle = True
            if is_idle:
                self._woken.wait(MAX_WAIT_SECONDS)
