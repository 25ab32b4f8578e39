"""The worlds a request may be born into, and the settings it may meet: what the model goes through, as tables."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any, get_args

from handler.model import Adoption, Group, ProvisionRequest
from tests.model.delivery import Deliverer, Shape, Timing, as_shipped
from tests.model.faults import EVERY_FAULT, OUTAGE, Alphabet
from tests.model.schedules import Schedules, Tally
from tests.model.state import Copy, State
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


SHORTEST_DRAIN_SECONDS = 60.0  # in less a function would drain nothing

HASTY = Timing("hasty", function_seconds=120.0, attempts=1)  # what one attempt does not settle is put off


@dataclass(frozen=True, slots=True)
class Setting:
    """One world, one adoption policy, one timing; how many messages of the request there are at first, how many are
    taken at a time, how often it may be put off, what may go wrong, and whether the function takes them itself.
    """

    world: str
    adoption: Adoption
    timing: Timing
    copies: int = 1
    batch: int = 1
    deferrals: int = 0
    alphabet: Alphabet = EVERY_FAULT
    is_pulled: bool = False

    @property
    def forbidden(self) -> frozenset[Kind]:
        """What must not be found here. Where the API always says the same, the function must not say two things."""
        agreement = {Kind.DISCORD, Kind.UNSETTLED} if self.alphabet is OUTAGE else set()
        return forbidden(self.adoption) | agreement

    @property
    def start(self) -> State:
        """How it begins."""
        return State(WORLDS[self.world], Story(REQUEST), (Copy(),) * self.copies)

    def deliverer(self, shape: Shape = as_shipped, *, stragglers: bool = False) -> Deliverer:
        """What delivers the request."""
        return Deliverer(
            DOCUMENT,
            self.adoption,
            self.timing,
            self.batch,
            self.deferrals,
            self.alphabet,
            shape,
            stragglers,
            self.is_pulled,
        )

    def tally(self, faults: int, shape: Shape = as_shipped, *, stragglers: bool = False) -> Tally:
        """What is found in all schedules of at most so many faults."""
        return Schedules(self.deliverer(shape, stragglers=stragglers)).tally(self.start, faults)


DEFERRING = tuple(
    Setting(world, adoption, HASTY, deferrals=deferrals)
    for deferrals, adoption, world in product((1, 2), ADOPTIONS, WORLDS)
)
OUTAGES = tuple(
    Setting("name free", "identical", HASTY, copies, batch, deferrals, OUTAGE)
    for deferrals, (copies, batch) in product((0, 1, 2), ((1, 1), (1, 3), (2, 2)))
)
SETTINGS = tuple(Setting(world, adoption, timing) for timing, adoption, world in product(TIMINGS, ADOPTIONS, WORLDS))
PULLED = tuple(
    replace(each, is_pulled=True)
    for each in (*SETTINGS, *DEFERRING, *OUTAGES)
    if each.timing.function_seconds > SHORTEST_DRAIN_SECONDS and each.deferrals < 2 and each.copies == each.batch
)
