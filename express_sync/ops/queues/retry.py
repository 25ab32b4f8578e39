"""Repeats calls to SMQ after transient errors."""

from collections.abc import Callable
from math import inf, isfinite
from typing import TypeVar

from express_sync.ops.terminal import output
from express_sync.ops.terminal.signals import is_interrupt_waiting
from handler.smq.client import SmqError

T = TypeVar("T")

GRACE_SECONDS = 10.0  # for a command without a timeout of its own, from the first error on
MAX_PAUSE_SECONDS = 2.0
_SILENT_ATTEMPTS = 3  # a single lost connection is not worth a line
_WRONG_ADDRESS = ("NameNotResolved", "NotConnected")


class Retry:
    """Calls until a call succeeds, fails for good, or the time is up; `is_up` tells whether retrying makes sense.

    A command with a timeout retries until its end, another one for GRACE_SECONDS. If it cannot even connect to a
    service that has never responded, the address is probably wrong, and it does not retry.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        is_up: Callable[[], bool] = lambda: True,
        seconds_left: Callable[[], float] | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._is_up = is_up
        self._seconds_left = seconds_left
        self._has_succeeded = False

    def within(self, seconds_left: Callable[[], float]) -> "Retry":
        """Return the same for a command that ends when no seconds are left."""
        return Retry(self._clock, self._sleep, self._is_up, seconds_left)

    def __call__(self, call: Callable[[], T]) -> T:
        """Return the result of `call`; SmqError if it fails for good or for too long."""
        end, attempts = inf, 0
        while True:
            attempts += 1
            try:
                result = call()
            except SmqError as error:
                end = min(end, self._clock() + GRACE_SECONDS)
                left = self._seconds_left() if self._seconds_left else end - self._clock()
                if not self._is_worthwhile(error, left):
                    raise
                self._pause(error, attempts, left)
            else:
                self._has_succeeded = True
                if attempts > _SILENT_ATTEMPTS:
                    output.info("Calls to SMQ succeed again.")
                return result

    def _pause(self, error: SmqError, attempts: int, left: float) -> None:
        if attempts == _SILENT_ATTEMPTS:
            output.info(f"Calls to SMQ fail ({error.code}); retrying.")
        self._sleep(min(0.1 * 2 ** min(attempts, 5), MAX_PAUSE_SECONDS, left))

    def _is_worthwhile(self, error: SmqError, left: float) -> bool:
        has_timeout = self._seconds_left is not None and isfinite(left)
        is_address_wrong = not has_timeout and not self._has_succeeded and error.code in _WRONG_ADDRESS
        return error.transient and not is_address_wrong and left > 0 and not is_interrupt_waiting() and self._is_up()
