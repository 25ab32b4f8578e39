"""What the drill goes through: the requests, the outages that meet them, what is expected. Data; it must know no cloud.

The drill is quick by the function's own settings. The delays of deferred messages are real seconds of SMQ and do not
follow the local cloud's clock factor: outcomes announce them in `nextAttemptAt`, which then would not be true.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SETTINGS = {
    "EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.05",
    "EXPRESS_SYNC_BACKOFF_CAP_SECONDS": "0.4",
    "EXPRESS_SYNC_DEFER_BASE_SECONDS": "3",  # 2 or 3 s before the second generation, so not all come back at once
    "EXPRESS_SYNC_DEFER_CAP_SECONDS": "6",  # 4 to 6 s before the third
}


@dataclass(frozen=True, slots=True)
class Outage:
    """An error `code` that every create call meets, and the requests that are sent meanwhile.

    `statuses` is what each request shall be told in the end, one status after the other, and `expected` says it in
    words; `needs_replay` if the last of them comes by a replay only.
    """

    code: str
    statuses: re.Pattern[str]
    expected: str
    needs_replay: bool
    requests: tuple[Mapping[str, str], ...]


def _requests(first: int, names: str) -> tuple[Mapping[str, str], ...]:
    """A request for each name, whose bucket has the same name."""
    return tuple(
        {
            "requestId": f"DRILL-{number}",
            "name": name,
            "bucketName": name,
            "bucketRegion": "cn-hangzhou",
            "requester": "outage-drill",
        }
        for number, name in enumerate(names.split(), first)
    )


PASSING = Outage(
    code="AssumeRoleFail",
    statuses=re.compile(r"(deferred )+succeeded"),
    expected="deferred once or more, then succeeded",
    needs_replay=False,
    requests=_requests(
        101, "ct-scans design-assets drone-footage field-notes map-tiles sensor-data site-plans training-sets"
    ),
)
LASTING = Outage(
    code="RoleNotExist",
    statuses=re.compile(r"failed succeeded"),
    expected="failed, then succeeded",
    needs_replay=True,
    requests=_requests(
        201, "bridge-models core-samples game-builds lecture-videos lidar-points press-photos sky-surveys weather-grids"
    ),
)
