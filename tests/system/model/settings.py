"""The initial states and settings that the model explores, as tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, get_args

from handler import model
from handler.model import Adoption, ProvisionRequest
from tests.system.model import state
from tests.system.model.account import AS_ASKED, Form
from tests.system.model.choices import all_ways
from tests.system.model.cloud import Jitter
from tests.system.model.composition import Shape, as_shipped
from tests.system.model.delivery import ORDINARY, Deliverer, Instance, Timing
from tests.system.model.faults import EVERY_FAULT, OUTAGE, OUTAGES, Alphabet
from tests.system.model.instances import Interleavings, Running
from tests.system.model.invariants import VIOLATIONS, Kind, Made, Story
from tests.system.model.schedules import Schedules, Tally
from tests.system.model.state import Copy, State

DOCUMENT: dict[str, Any] = {
    "requestId": "REQ-1",
    "name": "team-share",
    "bucketName": "team-bucket",
    "bucketRegion": "cn-hangzhou",
}
REQUEST = ProvisionRequest.of(DOCUMENT)
WITH_PREFIX = {**DOCUMENT, "bucketPrefix": "projects/a/"}
ADOPTIONS: tuple[Adoption, ...] = get_args(Adoption)


@dataclass(frozen=True)
class InitialState:
    """An initial state: the bodies of the requests, the groups of other requests, and how the API shows groups."""

    name: str
    documents: tuple[dict[str, Any], ...] = (DOCUMENT,)
    groups: tuple[Made, ...] = ()
    form: Form = AS_ASKED


def _of_another(bucket_name: str) -> tuple[Made, ...]:
    group = model.Group("sync-1", REQUEST.name, bucket_name, REQUEST.bucket_region, "", "of another request")
    return (Made(group, "REQ-0"),)


def _two(title: str, /, **changes: str) -> InitialState:
    return InitialState(title, (DOCUMENT, {**DOCUMENT, **changes}))


FREE = InitialState("name free")
TAKEN = InitialState("name taken", groups=_of_another("other-bucket"))
IDENTICAL = InitialState("identical of another", groups=_of_another(REQUEST.bucket_name))
INITIAL_STATES = (FREE, TAKEN, IDENTICAL)
NORMALISED = (
    InitialState("prefix normalised", (WITH_PREFIX,), form=Form(strips_slashes=True)),
    InitialState("region in words", form=Form(region="China (Hangzhou)")),
    InitialState("both normalised", (WITH_PREFIX,), form=Form(strips_slashes=True, region="China (Hangzhou)")),
)
TWO_BODIES = (
    _two("other description", description="corrected"),
    _two("other prefix", bucketPrefix="projects/b/"),
    _two("other name", name="other-share"),
)
TWO_REQUESTS = (
    _two("two requests", requestId="REQ-2", name="other-share"),
    _two("two rivals", requestId="REQ-2"),
)
THREE_MESSAGES = InitialState(
    "two bodies and another request",
    (DOCUMENT, {**DOCUMENT, "description": "corrected"}, {**DOCUMENT, "requestId": "REQ-2", "name": "other-share"}),
)

TIMINGS = (
    Timing("ample", function_seconds=120.0, attempts=3),
    Timing("scarce", function_seconds=20.0, attempts=3),  # a call without an answer leaves no time for another
)
MIN_DRAIN_SECONDS = 60.0  # in less a function would drain nothing
HASTY = Timing("hasty", function_seconds=120.0, attempts=1)  # a request that one attempt does not settle is deferred

CLOCKS = tuple(Instance(clock_seconds, jitter) for clock_seconds, jitter in zip((0, 30, -30), Jitter, strict=True))
"""Each wrong clock with another jitter: what comes of both is the same state, so their product would show no more."""


@dataclass(frozen=True)
class Setting:
    """One initial state, adoption policy and timing, and the parameters of a run.

    `submitted`: the body of each message in the queue. `batch`: how many messages are delivered at once. `deferrals`:
    how often a request may be deferred. `alphabet`: what may go wrong. `is_pulled`: pull intake.
    """

    initial_state: InitialState
    adoption: Adoption
    timing: Timing
    submitted: tuple[int, ...] = (0,)
    batch: int = 1
    deferrals: int = 0
    alphabet: Alphabet = EVERY_FAULT
    instances: tuple[Instance, ...] = ORDINARY
    is_pulled: bool = False

    @property
    def name(self) -> str:
        """The setting in a few words."""
        parts = [self.timing.name, self.adoption, self.initial_state.name]
        if self.alphabet is not EVERY_FAULT:
            parts.append(self.alphabet.name)
        if len(self.submitted) > 1:
            parts.append(f"{len(self.submitted)} submissions in batches of {self.batch}")
        if self.deferrals:
            parts.append(f"{self.deferrals} deferrals")
        parts += ["clocks"] * (self.instances != ORDINARY) + ["pulled"] * self.is_pulled
        return ", ".join(parts)

    @property
    def forbidden(self) -> frozenset[Kind]:
        """What must not be found here. Where the API always says the same, the function must not say two things.

        Except of two bodies of one requestId: in a batch, the first may take the time of the second.
        """
        request_ids = [document["requestId"] for document in self.initial_state.documents]
        is_constant = self.alphabet is OUTAGE and len(set(request_ids)) == len(request_ids)
        adopts = {Kind.WRONG_ADOPTION} if self.adoption == "identical" else set()
        agreement = {Kind.DISCORD, Kind.UNSETTLED} if is_constant else set()
        return frozenset(VIOLATIONS) - adopts | agreement

    @property
    def start(self) -> State:
        """How it begins: each message is a submission of its own."""
        bodies = [ProvisionRequest.of(document) for document in self.initial_state.documents]
        copies = tuple(Copy(body, (f"submission-{place}",)) for place, body in enumerate(self.submitted))
        asked = tuple((copy.submissions[0], bodies[copy.body]) for copy in copies)
        return State(state.Environment(self.initial_state.groups, tuple(sorted(copies))), Story(asked))

    def deliverer(self, shape: Shape = as_shipped, *, stragglers: bool = False) -> Deliverer:
        """Return the deliverer of the messages."""
        return Deliverer(
            self.initial_state.documents,
            self.adoption,
            self.timing,
            self.batch,
            self.deferrals,
            self.alphabet,
            self.initial_state.form,
            self.instances,
            shape,
            stragglers,
            self.is_pulled,
        )

    def tally(self, faults: int, shape: Shape = as_shipped, *, stragglers: bool = False) -> Tally:
        """Return what is found in all schedules of at most so many faults.

        Every submission may be requeued as often as it may be deferred; what a fault adds to that, `Schedules` knows.
        """
        tally = Schedules(self.deliverer(shape, stragglers=stragglers)).tally(self.start, faults)
        return tally.bounded(len(self.submitted) * self.deferrals)


def _each(initial_states: Iterable[InitialState], *shapes: dict[str, Any]) -> tuple[Setting, ...]:
    """Return a setting for each initial state, adoption policy and shape."""
    return tuple(
        Setting(initial_state, adoption, **shape)
        for shape, adoption, initial_state in product(shapes, ADOPTIONS, tuple(initial_states))
    )


AMPLE, SCARCE = TIMINGS
SETTINGS = _each(INITIAL_STATES, {"timing": AMPLE}, {"timing": SCARCE})
DEFERRING = _each(INITIAL_STATES, *({"timing": HASTY, "deferrals": deferrals} for deferrals in (1, 2)))
FORMS = _each(NORMALISED, {"timing": AMPLE}, {"timing": HASTY, "deferrals": 1})
BODIES = _each(
    TWO_BODIES,
    *(
        {"timing": timing, "submitted": (0, 1), "batch": batch, "deferrals": deferrals}
        for (timing, deferrals), batch in product(((SCARCE, 0), (HASTY, 1)), (1, 2))
    ),
)
NEIGHBOURS = _each(
    TWO_REQUESTS,
    *({"timing": HASTY, "submitted": (0, 1), "batch": 2, "deferrals": deferrals} for deferrals in (0, 1)),
)
TWICE = tuple(replace(each, submitted=(0, 0), batch=2) for each in (*SETTINGS, *DEFERRING))
DISTRUSTED = tuple(replace(each, instances=CLOCKS) for each in DEFERRING if each.deferrals == 1)
IN_OUTAGES = tuple(
    Setting(FREE, "identical", timing, submitted, batch, deferrals, alphabet)
    for alphabet, deferrals, (timing, submitted, batch) in product(
        OUTAGES, (0, 1, 2), ((HASTY, (0,), 1), (HASTY, (0,), 3), (HASTY, (0, 0), 2), (SCARCE, (0, 0), 1))
    )
) + tuple(
    Setting(initial_state, "identical", SCARCE, (0, 1), 2, deferrals, alphabet)
    for alphabet, deferrals, initial_state in product(OUTAGES, (0, 1), (*TWO_BODIES[:2], *TWO_REQUESTS))
)
PULLED = tuple(
    replace(each, is_pulled=True)
    for each in (*SETTINGS, *DEFERRING, *NEIGHBOURS, *IN_OUTAGES)
    if each.timing.function_seconds > MIN_DRAIN_SECONDS and each.deferrals < 2 and len(each.submitted) == each.batch
)


@dataclass(frozen=True)
class Pair:
    """A setting in which two instances process messages at the same time before the rest follows one after another.

    `meeting`: what the two are given. Of different generations: one message was requeued, and an acknowledgement
    was lost, which is not part of the schedule.
    """

    setting: Setting
    meeting: str

    @property
    def name(self) -> str:
        """The pair in a few words."""
        return f"{self.setting.name}, at once: {self.meeting}"

    @property
    def forbidden(self) -> frozenset[Kind]:
        """What must not be found here."""
        return self.setting.forbidden

    def tally(self, faults: int, shape: Shape = as_shipped) -> Tally:
        """Return what is found in all interleavings and schedules of at most so many faults."""
        deliverer = self.setting.deliverer(shape)
        start = _MEETINGS[self.meeting](deliverer, self.setting.start)
        batches = [(copy,) for copy in (*start.environment.copies, *start.environment.copies)[:2]]
        tally = Interleavings(deliverer).tally(start, [Running(batch) for batch in batches], faults)
        return tally.bounded(len(batches) * self.setting.deferrals)


def _requeued_and_not_acknowledged(deliverer: Deliverer, start: State) -> State:
    ways = all_ways(lambda choices: start.after(deliverer.deliver(start.environment, choices)), 2)
    return next(
        after
        for after in ways
        if len(after.environment.copies) == 2 and after.environment.groups == start.environment.groups
    )


def _delivered_twice(_deliverer: Deliverer, start: State) -> State:
    environment = start.environment
    return replace(start, environment=replace(environment, copies=environment.copies * 2))


DELIVERED_TWICE, SUBMITTED_TWICE, GENERATIONS = MEETINGS = ("one message twice", "two submissions", "two generations")
ACKNOWLEDGED_FOR_BOTH = "one message, one acknowledgement"
_MEETINGS: dict[str, Callable[[Deliverer, State], State]] = {
    DELIVERED_TWICE: _delivered_twice,
    SUBMITTED_TWICE: lambda _, start: start,
    GENERATIONS: _requeued_and_not_acknowledged,
    ACKNOWLEDGED_FOR_BOTH: lambda _, start: start,
}
PAIRS = tuple(
    Pair(replace(each, submitted=(0, 0) if meeting == SUBMITTED_TWICE else (0,)), meeting)
    for each, meeting in product(
        _each((FREE, IDENTICAL), {"timing": HASTY}, {"timing": HASTY, "deferrals": 1}), MEETINGS
    )
    if each.deferrals or meeting != GENERATIONS
)


@dataclass(frozen=True)
class Group:
    """Settings that are explored with the same number of faults; the more a setting can do, the fewer.

    `faults` is the number in `make model`; the test command explores the same settings with `faults_in_tests`.
    """

    name: str
    settings: Sequence[Setting | Pair]
    faults_in_tests: int
    faults: int


GROUPS = (
    Group("one request", SETTINGS, 4, 5),
    Group("deferred", DEFERRING, 4, 5),
    Group("normalised answers", FORMS, 3, 4),
    Group("two bodies of one requestId", BODIES, 2, 3),
    Group("two requests in a batch", NEIGHBOURS, 2, 3),
    Group("submitted twice", TWICE, 2, 4),
    Group("wrong clocks, other jitter", DISTRUSTED, 3, 4),
    Group("outages for ever", IN_OUTAGES, 2, 3),
    Group("pulled", PULLED, 1, 3),
    Group("two instances at once", PAIRS, 1, 2),
)
