"""Named points in the function's HTTP calls, reported by the emulators, at which a worker can be killed."""

from collections.abc import Awaitable, Callable
from typing import Literal, get_args

Point = Literal["create-sent", "create-answered", "publish-sent", "publish-answered", "requeue-answered"]
POINTS: tuple[str, ...] = get_args(Point)
Listener = Callable[[Point], Awaitable[None]]


class CrashPoints:
    """The points of one local cloud: emulators report them and wait for the listeners before they continue.

    `*-sent`: the request has arrived whole and nothing was done yet. `*-answered`: everything was done and the
    response was handed to the socket; `requeue-answered` for messages that the function itself sends to a queue.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` at every point from now on."""
        self._listeners.append(listener)

    async def report(self, point: Point | None) -> None:
        """Report that `point` was reached, and wait until every listener has acted on it; None is not a point."""
        if point is None:
            return
        for listener in self._listeners:
            await listener(point)
