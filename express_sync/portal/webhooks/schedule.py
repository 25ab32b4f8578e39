"""When a delivery that was not accepted is sent again, and when that ends: the delays of Standard Webhooks."""

from collections.abc import Callable

DELAYS_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)  # three days and four hours in all
MAX_TRIES = len(DELAYS_SECONDS) + 1
JITTER = 0.2  # of a delay, so that deliveries that failed together are not sent together again
_MAX_ASKED_SECONDS = 86_400

Uniform = Callable[[float, float], float]


def next_delay_ms(tries: int, asked_seconds: float, uniform: Uniform) -> int | None:
    """Return the pause after so many tries, at least what the endpoint asked for; None if no other follows."""
    if tries >= MAX_TRIES:
        return None
    delay = DELAYS_SECONDS[tries - 1] * uniform(1 - JITTER, 1 + JITTER)
    return round(max(delay, min(asked_seconds, _MAX_ASKED_SECONDS)) * 1000)
