"""The kinds of outages, the modes of arrival and the single faults, as tables."""

from dataclasses import dataclass
from enum import Enum

from handler.model import Refused, Unanswered

MINUTE, HOUR = 60.0, 3600.0
PROMISED_SECONDS = 6 * HOUR  # an outage up to here ends in successes only
DURATIONS = {"5 min": 5 * MINUTE, "1 h": HOUR, "6 h": 6 * HOUR, "24 h": 24 * HOUR}

_INTERNAL_ERROR = Refused("InternalError", 500)
_READ_TIMEOUT = Unanswered("ReadTimeout", sent=True)


@dataclass(frozen=True, slots=True)
class Answering:
    """What a call of the API is answered in an outage, and after how many seconds (None: when its time is up).

    `lands`: a create call takes effect later on.
    """

    result: Refused | Unanswered
    after_seconds: float | None = 0.1
    lands: bool = False


@dataclass(frozen=True, slots=True)
class Refusing:
    """The code of what publishing ends in, whether it may pass, and after how many seconds (None: as above)."""

    code: str
    transient: bool = True
    after_seconds: float | None = 0.05


@dataclass(frozen=True, slots=True)
class Kind:
    """What fails in an outage: create calls, describe calls, publishing; None for what works."""

    name: str
    create: Answering | None = None
    describe: Answering | None = None
    publish: Refusing | None = None


def _api(name: str, answering: Answering) -> Kind:
    return Kind(name, create=answering, describe=answering)


KINDS = (
    _api("API errors", Answering(_INTERNAL_ERROR)),
    Kind("AssumeRoleFail", create=Answering(Refused("AssumeRoleFail", 403))),
    _api("throttling", Answering(Refused("Throttling.User", 400))),
    _api("slow errors", Answering(_INTERNAL_ERROR, after_seconds=None)),
    _api("silence", Answering(_READ_TIMEOUT, after_seconds=None)),
    _api("late landing", Answering(_READ_TIMEOUT, after_seconds=None, lands=True)),
    _api("no connection", Answering(Unanswered("NotConnected", sent=False), after_seconds=0.01)),
    Kind("topic refuses", publish=Refusing("AccessDenied", transient=False)),
    Kind("topic errors", publish=Refusing("InternalServerError")),
    Kind("topic silent", publish=Refusing("MNSClientNetworkException", after_seconds=None)),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How requests arrive: how many, over how many seconds, and how long after the first one the outage begins.

    `kill_after`: how many requests an invocation has requeued when it is killed.
    """

    name: str
    requests: int
    over_seconds: float
    outage_after_seconds: float
    kill_after: int


ARRIVALS = (
    Arrival("16 at once", requests=16, over_seconds=1.6, outage_after_seconds=0.4, kill_after=8),
    Arrival("10 per hour", requests=240, over_seconds=24 * HOUR, outage_after_seconds=2 * HOUR, kill_after=1),
)


class Fault(Enum):
    """What happens once, beside the outage: to one request, or to one batch in the outage."""

    NONE = "none"
    DOUBLE_SUBMISSION = "double submission"
    LOST_ACKNOWLEDGEMENT = "lost acknowledgement"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulated day."""

    arrival: Arrival
    kind: Kind
    seconds: float
    fault: Fault
    seed: int = 1


SCENARIOS = tuple(
    Scenario(arrival, kind, seconds, fault)  # one group of four after the other: the same outage with each fault
    for arrival in ARRIVALS
    for kind in KINDS
    for seconds in DURATIONS.values()
    for fault in Fault
)
