"""Everything that can go wrong in one delivery, as tables.

The alphabet of a schedule: what a create call, a lookup, a publication, the sending back of a request, an
acknowledgement, and the hiding and deleting of a drain can meet. Not in it, because the function cannot tell it from a
letter that is: a connection that is never made (AssumeRoleFail stands for every answer after which nothing can have
landed), and an interim answer (1xx), a reset after sending or a body that cannot be read (all of them come without an
answer that settles the call, like the silences here).
"""

from dataclasses import dataclass
from enum import Enum

from handler.model import Answer, Refused, Unanswered


class Killed(BaseException):
    """The process is killed here: the code under test must not catch this."""


class Landing(Enum):
    """When a create call takes effect."""

    NEVER = "never"
    AT_ONCE = "at once"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class CreateFault:
    """What the call does to the account, and what the caller gets: an answer, or None for being killed.

    `is_settling`: after this answer nothing of the call can land any more. `is_quick`: it comes at once, otherwise it
    takes as long as the call may.
    """

    name: str
    landing: Landing
    answer: Answer | None
    is_settling: bool = False
    is_quick: bool = False


@dataclass(frozen=True, slots=True)
class LookupFault:
    """What the caller gets instead of the groups; None for being killed."""

    name: str
    answer: Refused | Unanswered | None


@dataclass(frozen=True, slots=True)
class SmqFault:
    """Whether the topic or queue has accepted the message, and the code for the caller; None for being killed."""

    name: str
    accepted: bool
    code: str | None
    transient: bool = False


_SILENCE = Unanswered("ReadTimeout", sent=True)
_ERROR = Refused("InternalError", 500)
_UNAVAILABLE = Refused("ServiceUnavailable", 503)
_PROXY_PAGE = Refused("GatewayLostService", 403)  # a 4xx without a code of the API, under the name the client gives it
_ASSUME_ROLE_FAIL = Refused("AssumeRoleFail", 403)

CREATE_FAULTS = (
    CreateFault("lost before", Landing.NEVER, _SILENCE),
    CreateFault("lost after", Landing.AT_ONCE, _SILENCE),
    CreateFault("late commit", Landing.LATER, _SILENCE),
    CreateFault("500 not done", Landing.NEVER, _ERROR),
    CreateFault("500 done", Landing.AT_ONCE, _ERROR),
    CreateFault("500, lands later", Landing.LATER, _ERROR),
    CreateFault("503, lands later", Landing.LATER, _UNAVAILABLE),
    CreateFault("proxy's 403, lands later", Landing.LATER, _PROXY_PAGE),
    CreateFault("AssumeRoleFail", Landing.NEVER, _ASSUME_ROLE_FAIL, is_settling=True),
    CreateFault(
        "limit reached", Landing.NEVER, Refused("ExpressSyncNotificationEventLimitExceed", 400), is_settling=True
    ),
    CreateFault("killed before", Landing.NEVER, None),
    CreateFault("killed after", Landing.AT_ONCE, None),
)

LOOKUP_FAULTS = (
    LookupFault("error that passes", _ERROR),
    LookupFault("refused for good", Refused("NoPermission", 403)),
    LookupFault("killed", None),
)

SMQ_FAULTS = (
    SmqFault("fails, passing", accepted=False, code="InternalError", transient=True),
    SmqFault("fails", accepted=False, code="AccessDenied"),
    SmqFault("ambiguous", accepted=True, code="ConnectionLost", transient=True),
    SmqFault("killed before", accepted=False, code=None),
    SmqFault("killed after", accepted=True, code=None),
)

HIDE_FAULTS = (
    SmqFault("fails", accepted=False, code="MessageNotExist"),
    SmqFault("killed", accepted=False, code=None),
)
DELETE_FAULTS = (
    SmqFault("fails", accepted=False, code="AccessDenied"),
    SmqFault("ambiguous", accepted=True, code="ConnectionLost", transient=True),
    SmqFault("killed before", accepted=False, code=None),
    SmqFault("killed after", accepted=True, code=None),
)

ACK_LOST = ("acknowledgement lost",)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The faults that a schedule may hold, and how calls go without any: None for what is true at once."""

    name: str
    creates: tuple[CreateFault, ...]
    lookups: tuple[LookupFault, ...]
    usual_create: CreateFault | None = None
    usual_lookup: LookupFault | None = None

    def without_effect(self) -> tuple[CreateFault, ...]:
        """Return the faults of a create call that differ where the name is taken, so that nothing can land."""
        return tuple(fault for fault in self.creates if fault.landing is Landing.NEVER)


EVERY_FAULT = Alphabet("every fault", CREATE_FAULTS, LOOKUP_FAULTS)


def _outage(name: str, usual_create: CreateFault, usual_lookup: LookupFault | None = None) -> Alphabet:
    """Return an outage that lasts for ever: only what happens to the function itself is left to chance."""
    kills = tuple(fault for fault in CREATE_FAULTS if fault.name == "killed before")
    return Alphabet(
        name, kills, tuple(fault for fault in LOOKUP_FAULTS if fault.name == "killed"), usual_create, usual_lookup
    )


OUTAGE = _outage(
    "refuses for ever", CreateFault("refused", Landing.NEVER, _ASSUME_ROLE_FAIL, is_settling=True, is_quick=True)
)
SILENT_CREATES = _outage("creates silent for ever", CreateFault("silent", Landing.NEVER, _SILENCE))
SILENCE = _outage("silent for ever", CreateFault("silent", Landing.NEVER, _SILENCE), LookupFault("silent", _SILENCE))
SLOW_ERRORS = _outage("slow errors for ever", CreateFault("slow", Landing.NEVER, _ERROR))
SLOW_ERRORS_EVERYWHERE = _outage(
    "only slow errors for ever", CreateFault("slow", Landing.NEVER, _ERROR), LookupFault("slow", _ERROR)
)
OUTAGES = (OUTAGE, SILENT_CREATES, SILENCE, SLOW_ERRORS, SLOW_ERRORS_EVERYWHERE)
