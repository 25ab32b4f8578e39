"""Everything that can go wrong in one delivery, as tables. Facts about faults only; it must not know when they happen.

The alphabet of a schedule: what a create call, a look, a publication, the sending back of a deferred request, an
acknowledgement, and the hiding and deleting of a drain can meet. A connection that is never made is not in it, because
AssumeRoleFail stands for every answer after which nothing can have landed.
"""

from dataclasses import dataclass
from enum import Enum

from handler.model import Answer, Refused, Unanswered


class Killed(BaseException):
    """The process dies here: nothing that runs in it may catch this."""


class Landing(Enum):
    """When a create call takes effect."""

    NEVER = "never"
    AT_ONCE = "at once"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class CreateFault:
    """What the call does to the account, and what the caller gets: an answer, or None for being killed."""

    name: str
    landing: Landing
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class LookFault:
    """What the caller gets instead of the groups; None for being killed."""

    name: str
    answer: Refused | None


@dataclass(frozen=True, slots=True)
class SmqFault:
    """Whether the topic or queue has accepted the message, and the code for the caller; None for being killed."""

    name: str
    accepted: bool
    code: str | None
    transient: bool = False


_SILENCE = Unanswered("ReadTimeout", sent=True)
_ERROR = Refused("InternalError", 500)

CREATE_FAULTS = (
    CreateFault("lost before", Landing.NEVER, _SILENCE),
    CreateFault("lost after", Landing.AT_ONCE, _SILENCE),
    CreateFault("late commit", Landing.LATER, _SILENCE),
    CreateFault("500 not done", Landing.NEVER, _ERROR),
    CreateFault("500 done", Landing.AT_ONCE, _ERROR),
    CreateFault("AssumeRoleFail", Landing.NEVER, Refused("AssumeRoleFail", 403)),
    CreateFault("limit reached", Landing.NEVER, Refused("ExpressSyncNotificationEventLimitExceed", 400)),
    CreateFault("killed before", Landing.NEVER, None),
    CreateFault("killed after", Landing.AT_ONCE, None),
)

LOOK_FAULTS = (
    LookFault("error that passes", _ERROR),
    LookFault("refused for good", Refused("NoPermission", 403)),
    LookFault("killed", None),
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
    """The faults that a schedule may hold, and what a create call is answered without any: None for what is true."""

    creates: tuple[CreateFault, ...]
    looks: tuple[LookFault, ...]
    usual: Refused | None = None

    def without_effect(self) -> tuple[CreateFault, ...]:
        """The faults of a create call that differ where the name is taken, so that nothing can land."""
        return tuple(fault for fault in self.creates if fault.landing is Landing.NEVER)


EVERY_FAULT = Alphabet(CREATE_FAULTS, LOOK_FAULTS)
OUTAGE = Alphabet(
    creates=tuple(fault for fault in CREATE_FAULTS if fault.name == "killed before"),
    looks=tuple(fault for fault in LOOK_FAULTS if fault.name == "killed"),
    usual=Refused("AssumeRoleFail", 403),
)
"""The API refuses for ever, so that only what befalls the function itself is left to chance."""
