"""The worlds a request may be born into, and the settings it may meet: what the model goes through, as tables."""

from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

from handler.model import Adoption, Group, ProvisionRequest
from tests.model.delivery import Deliverer, Shape, Timing, as_shipped
from tests.model.schedules import Schedules, Tally
from tests.model.state import State
from tests.model.truth import VIOLATIONS, Kind, Made, Story

DOCUMENT: dict[str, Any] = {
    "requestId": "REQ-1",
    "name": "team-share",
    "bucketName": "team-bucket",
    "bucketRegion": "cn-hangzhou",
}
REQUEST = ProvisionRequest.of(DOCUMENT)
ADOPTIONS: tuple[Adoption, ...] = get_args(Adoption)


def _of_another(bucket_name: str) -> Made:
    return Made(Group("sync-1", REQUEST.name, bucket_name, REQUEST.bucket_region, "", "somebody else's"), "REQ-0")


def forbidden(adoption: Adoption) -> frozenset[Kind]:
    """What must not be found under a policy: any violation, but `identical` adopts, whoever made the group."""
    return frozenset(VIOLATIONS) - ({Kind.WRONG_ADOPTION} if adoption == "identical" else set())


WORLDS = {
    "name free": None,
    "name taken": _of_another("other-bucket"),
    "identical of another": _of_another(REQUEST.bucket_name),
}
TIMINGS = (
    Timing("ample", function_seconds=120.0, attempts=3),
    Timing("scarce", function_seconds=20.0, attempts=3),  # a call without an answer leaves no time for another
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One world, one adoption policy, one timing; and how many messages of the request are in the batch."""

    world: str
    adoption: Adoption
    timing: Timing
    copies: int = 1

    def tally(self, faults: int, shape: Shape = as_shipped, *, stragglers: bool = False) -> Tally:
        """What is found in all schedules of at most so many faults."""
        deliverer = Deliverer(DOCUMENT, self.adoption, self.timing, self.copies, shape, stragglers)
        return Schedules(deliverer).tally(State(WORLDS[self.world], Story(REQUEST)), faults)


SETTINGS = tuple(Setting(world, adoption, timing) for timing, adoption, world in product(TIMINGS, ADOPTIONS, WORLDS))
