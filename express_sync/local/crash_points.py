"""What the emulators say about the function's HTTP traffic, so that a worker can be killed at a named point.

Knows only the names of the points and who listens; what happens at a point is the listener's affair.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, get_args

Point = Literal["create-sent", "create-answered", "publish-sent", "publish-answered", "requeue-answered"]
POINTS: tuple[str, ...] = get_args(Point)
Listener = Callable[[Point], Awaitable[None]]


class Traffic:
    """The points of one local cloud: emulators report, listeners are awaited before the emulator goes on.

    `*-sent`: the request has arrived whole and nothing was done yet. `*-answered`: everything was done and the
    answer was handed to the socket. `requeue-answered`: so for messages that the function itself has sent to a queue.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` at every point from now on."""
        self._listeners.append(listener)

    async def report(self, point: Point) -> None:
        """Say that `point` was reached, and wait until every listener has acted on it."""
        for listener in self._listeners:
            await listener(point)
