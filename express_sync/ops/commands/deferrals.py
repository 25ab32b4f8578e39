"""How often the function of a target defers a request."""

from collections.abc import Callable
from functools import cache

from express_sync.ops.targets.target import Target


def limit_of(target: Target) -> Callable[[], int | None]:
    """Return what looks up, once and not before it is needed, how often a request is deferred at most."""

    @cache
    def look_up() -> int | None:
        from express_sync.ops.fc.settings import max_deferrals

        section = target.profile.get("fc")
        return max_deferrals(section["endpoint"], section["function"], target.credentials) if section else None

    return look_up
