"""Kills the function's instances at a chosen moment of their HTTP traffic; knows no HTTP itself."""

from express_sync.local.crash_points import POINTS, Point, Traffic
from express_sync.local.fc.fleet import Fleet


class KillSwitch:
    """Armed with a point, kills every instance when that point is reached next, once."""

    def __init__(self, fleet: Fleet, traffic: Traffic) -> None:
        self._fleet = fleet
        self._armed: str | None = None
        traffic.listen(self._reached)

    def arm(self, point: str) -> None:
        """Kill when `point` is reached next. ValueError, which lists them, for an unknown point."""
        if point not in POINTS:
            raise ValueError(f"unknown point {point!r}; there are {', '.join(POINTS)}")
        self._armed = point

    def disarm(self) -> None:
        """Kill nothing at no point."""
        self._armed = None

    async def _reached(self, point: Point) -> None:
        if point == self._armed:
            self.disarm()
            await self._fleet.kill()
