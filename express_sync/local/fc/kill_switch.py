"""Kills the function's instances at a chosen point of their HTTP traffic."""

from express_sync.local.crash_points import POINTS, CrashPoints, Point
from express_sync.local.fc.instance_pool import InstancePool


class KillSwitch:
    """When armed with a point, kills every instance once, the next time that the point is reached."""

    def __init__(self, pool: InstancePool, crash_points: CrashPoints) -> None:
        self._pool = pool
        self._armed: str | None = None
        crash_points.listen(self._reached)

    def arm(self, point: str) -> None:
        """Kill the next time that `point` is reached. ValueError, which lists all points, if it is unknown."""
        if point not in POINTS:
            raise ValueError(f"unknown point {point!r}; allowed are {', '.join(POINTS)}")
        self._armed = point

    def disarm(self) -> None:
        """Do not kill at any point."""
        self._armed = None

    async def _reached(self, point: Point) -> None:
        if point == self._armed:
            self.disarm()
            await self._pool.kill()
