"""What is said of a request, held against what is true when it is said: the outcome guarantee as a judge sees it.

Knows events, groups, who made them, and messages that send a request again; nothing of how verdicts are reached, and
nothing of the code that reaches them but its words for a group and a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from handler.model import Group, ProvisionRequest

Event = Mapping[str, Any]
DEFERRED = "deferred"


class Kind(Enum):
    """What can be found in the story of a request."""

    SILENCE = "silence"
    FALSE_FAILURE = "false failure"
    FALSE_SUCCESS = "false success"
    RETRACTION = "retraction"
    WRONG_ADOPTION = "wrong adoption"
    UNSTABLE_ID = "unstable id"
    EVASION = "needless doubt"
    MISBELIEF = "misbelief"
    UNTOLD = "sent back untold"
    ALTERED = "sent back altered"
    ENDLESS = "deferred beyond the limit"
    MULTIPLIED = "copies without a fault"
    SUPERSEDED = "failed, then truly created"
    CLOUDING = "doubt after success"
    UNSETTLED = "ends in doubt"
    REOPENED = "deferred after the end"
    DISCORD = "several final verdicts"


VIOLATIONS = (
    Kind.SILENCE,
    Kind.FALSE_FAILURE,
    Kind.FALSE_SUCCESS,
    Kind.RETRACTION,
    Kind.WRONG_ADOPTION,
    Kind.UNSTABLE_ID,
    Kind.EVASION,
    Kind.MISBELIEF,
    Kind.UNTOLD,
    Kind.ALTERED,
    Kind.ENDLESS,
    Kind.MULTIPLIED,
)
"""What breaks a promise; the rest is allowed, but has to be known."""


@dataclass(frozen=True, slots=True)
class Made:
    """A group, and the requestId of who made it."""

    group: Group
    maker: str


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What is true of a request while something is said of it.

    `standing`: the group of the requested name. `may_land`: an attempt that was sent may still take effect.
    `doubtful`: in this delivery an attempt has no answer, or the last look did not succeed.
    """

    standing: Made | None
    may_land: bool
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict in public: its status, what makes it another than one of the same status, the id of its event."""

    status: str
    essence: str
    event_id: str

    @staticmethod
    def by(event: Event) -> "Said":
        """The verdict that an event announces."""
        data = event["data"]
        essence = data.get("expressSyncId")
        if essence is None:
            generation = data["generation"] if data["status"] == DEFERRED else ""
            why = data["error"]["code"] if "error" in data else data["violations"]
            essence = f"{why} {data.get('replayId', '')} {generation}"
        return Said(data["status"], essence, event["id"])

    @property
    def is_final(self) -> bool:
        """Whether nothing more is to be expected of itself."""
        return self.status != DEFERRED

    def is_same_verdict(self, other: "Said") -> bool:
        """Whether both say the same, whatever the ids of their events."""
        return (self.status, self.essence) == (other.status, other.essence)


_SEQUELS = {
    ("succeeded", "failed"): Kind.RETRACTION,
    ("succeeded", "rejected"): Kind.RETRACTION,
    ("succeeded", "indeterminate"): Kind.CLOUDING,
    ("succeeded", DEFERRED): Kind.CLOUDING,
    ("failed", "succeeded"): Kind.SUPERSEDED,
    ("failed", DEFERRED): Kind.REOPENED,
    ("indeterminate", DEFERRED): Kind.REOPENED,
}


@dataclass(frozen=True, slots=True)
class Story:
    """What has been said of one request so far, and what was found in it.

    `belief`: the status that a listener holds who lets the event of the latest time win, also where its id tells that
    it was said before, but nothing win over a success, and no deferral over a final verdict.
    """

    request: ProvisionRequest
    said: frozenset[Said] = frozenset()
    belief: str = ""
    found: frozenset[Kind] = frozenset()

    def hears(self, event: Event, now: Circumstance) -> "Story":
        """The story once the topic has accepted `event`."""
        said = Said.by(event)
        found = {*self.found, *_untrue(self.request, said, now), *self._unlike_before(event, said)}
        return Story(self.request, self.said | {said}, self._believed_after(said), frozenset(found))

    def is_sent_back(self, event: Event, deferrals: int, most_deferrals: int) -> "Story":
        """The story once the queue holds `event`, which sends the request back for the `deferrals`th time."""
        found = set(self.found)
        if event["id"] not in {said.event_id for said in self.said if said.status == DEFERRED}:
            found.add(Kind.UNTOLD)
        if ProvisionRequest.of(event["data"]) != self.request:
            found.add(Kind.ALTERED)
        if deferrals > most_deferrals:
            found.add(Kind.ENDLESS)
        return replace(self, found=frozenset(found))

    def shows(self, kind: Kind) -> "Story":
        """The same story with something found in it that is not about what was said."""
        return replace(self, found=self.found | {kind})

    def ends(self, standing: Made | None, *, is_given_up: bool = False) -> "Story":
        """The story once nothing is in flight and no copy is left, or all are given up; `standing` is what is left."""
        found = set(self.found)
        finals = {said.event_id for said in self.said if said.is_final}
        if not finals and not is_given_up:
            found.add(Kind.SILENCE)
        if len(finals) > 1:
            found.add(Kind.DISCORD)
        if self._is_misled(standing, is_given_up=is_given_up):
            found.add(Kind.MISBELIEF)
        if self.belief == "indeterminate":
            found.add(Kind.UNSETTLED)
        return replace(self, found=frozenset(found))

    def _is_misled(self, standing: Made | None, *, is_given_up: bool) -> bool:
        match self.belief:
            case "failed" | "rejected":
                return _is_own(standing, self.request)
            case "succeeded":
                return standing is None
            case "deferred":
                return not is_given_up
            case _:
                return False

    def _believed_after(self, new: Said) -> str:
        is_weaker = not new.is_final and self.belief not in ("", DEFERRED)
        return self.belief if is_weaker or self.belief == "succeeded" else new.status

    def _unlike_before(self, event: Event, new: Said) -> set[Kind]:
        found = {_SEQUELS[old.status, new.status] for old in self.said if (old.status, new.status) in _SEQUELS}
        unstable = any((old.event_id == new.event_id) != old.is_same_verdict(new) for old in self.said)
        if unstable or event["data"]["requestId"] != self.request.request_id:
            found.add(Kind.UNSTABLE_ID)
        return found


def _untrue(request: ProvisionRequest, said: Said, now: Circumstance) -> set[Kind]:
    match said.status:
        case "succeeded":
            return _untrue_success(request, said.essence, now.standing)
        case "indeterminate":
            by_policy = said.essence.startswith("OwnerUnknown ")
            return set() if now.doubtful or by_policy else {Kind.EVASION}
        case "deferred":
            return set() if now.doubtful or now.standing is None else {Kind.EVASION}
        case _:
            has_made = now.may_land if now.standing is None else _is_own(now.standing, request)
            return {Kind.FALSE_FAILURE} if has_made else set()


def _untrue_success(request: ProvisionRequest, express_sync_id: str, standing: Made | None) -> set[Kind]:
    if standing is None or _facts(standing.group) != (express_sync_id, *_wishes(request)):
        return {Kind.FALSE_SUCCESS}
    return set() if _is_own(standing, request) else {Kind.WRONG_ADOPTION}


def _is_own(standing: Made | None, request: ProvisionRequest) -> bool:
    return standing is not None and standing.maker == request.request_id


def _facts(group: Group) -> tuple[str, ...]:
    return (group.express_sync_id, group.name, group.bucket_name, group.bucket_region, group.bucket_prefix)


def _wishes(request: ProvisionRequest) -> tuple[str, ...]:
    return (request.name, request.bucket_name, request.bucket_region, request.bucket_prefix)
