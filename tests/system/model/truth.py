"""Compares what is published about requests with what is true at that time: the outcome guarantee.

Knows events, groups, who made them, and messages that send a request again. It shares no code with what reaches the
verdicts except the values for a group and a request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from handler.model import Group, ProvisionRequest

Event = Mapping[str, Any]
DEFERRED = "deferred"


class Kind(Enum):
    """What can be found in the story of some requests."""

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
    MULTIPLIED = "too many messages"
    OVERCALLED = "too many create calls"
    REPEATED = "processed again without cause"
    NEIGHBOUR = "neighbour processed again"
    SUPERSEDED = "failed, then truly created"
    CLOUDING = "doubt after success"
    UNSETTLED = "ends in doubt"
    REOPENED = "deferred after the end"
    DISCORD = "several final verdicts"
    CONTESTED = "failed while another instance tries"
    OUTDATED = "failed, made by another submission"
    FORGETFUL = "misbelief if known ids are dropped"


VIOLATIONS = tuple(Kind)[: tuple(Kind).index(Kind.SUPERSEDED)]
"""What breaks a promise. The other kinds are allowed, but have to be known."""


@dataclass(frozen=True, slots=True)
class Made:
    """A group, and the requestId of who made it."""

    group: Group
    maker: str


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What is true of a request while something is said of it, and what the delivery that says it has learned.

    `standing`: the group of the requested name. `may_land`: an attempt that was sent may still make the group.
    `asked`: the API was asked for the group, or there was no time to. `unsettled`: an attempt of this delivery has no
    answer that settles it. `looked`: the last lookup was complete; `shown`: it showed a group of the name.
    `rival`: another instance processes the request at the same time. `excuses`: the codes by which the policy and the
    forms of the API allow an `indeterminate` of a group that is shown.
    """

    standing: Made | None
    may_land: bool
    asked: bool
    unsettled: bool
    looked: bool
    shown: bool
    rival: bool = False
    excuses: frozenset[str] = frozenset()

    @property
    def is_overtaken(self) -> bool:
        """Whether all that this delivery learned was true, but another instance may have changed it since."""
        return self.rival and self.looked and not self.shown and not self.unsettled


@dataclass(frozen=True, slots=True)
class Said:
    """One event in public: its submission, its status, what tells it from another of that status, its id and place."""

    request_id: str
    submission: str
    status: str
    essence: str
    event_id: str
    sequence: str

    @staticmethod
    def by(event: Event) -> "Said":
        """Return what an event says."""
        data = event["data"]
        essence = data.get("expressSyncId")
        if essence is None:
            generation = data["generation"] if data["status"] == DEFERRED else ""
            why = data["error"]["code"] if "error" in data else data["violations"]
            essence = f"{why} {generation}"
        return Said(data["requestId"], data["submissionId"], data["status"], essence, event["id"], event["sequence"])

    @property
    def is_final(self) -> bool:
        """Return whether the submission has to expect nothing more."""
        return self.status != DEFERRED

    def is_same_verdict(self, other: "Said") -> bool:
        """Return whether both say the same to the same submission, whatever their ids and places."""
        return (self.submission, self.status, self.essence) == (other.submission, other.status, other.essence)


_SEQUELS = {
    ("succeeded", "failed"): Kind.RETRACTION,
    ("succeeded", "rejected"): Kind.RETRACTION,
    ("succeeded", "indeterminate"): Kind.CLOUDING,
    ("succeeded", DEFERRED): Kind.CLOUDING,
    ("failed", "succeeded"): Kind.SUPERSEDED,
    ("failed", DEFERRED): Kind.REOPENED,
    ("indeterminate", DEFERRED): Kind.REOPENED,
}


_OVERTAKEN = {Kind.FALSE_FAILURE, Kind.RETRACTION}


@dataclass(frozen=True, slots=True)
class Story:
    """What has been said of some requests so far, and what was found in it.

    `asked`: the body of each submission. A listener reads the events as the rule for listeners says: within a
    submission the greatest `sequence` holds, in whichever order they arrive; a success holds for all submissions that
    ask for the same group under the same requestId.
    """

    asked: tuple[tuple[str, ProvisionRequest], ...]
    said: frozenset[Said] = frozenset()
    found: frozenset[Kind] = frozenset()

    def body_of(self, submission: str) -> ProvisionRequest | None:
        """Return what a submission asks for; None if there is no such submission."""
        return next((body for each, body in self.asked if each == submission), None)

    def hears(self, said: Said, now: Circumstance) -> "Story":
        """Return the story once the topic has accepted an event."""
        request = self.body_of(said.submission)
        if request is None or said.request_id != request.request_id:
            return self.shows(Kind.UNSTABLE_ID)
        found = _untrue(request, said, now) | self._unlike_before(said)
        if now.is_overtaken and found & _OVERTAKEN:
            found = (found - _OVERTAKEN) | {Kind.CONTESTED}
        return Story(self.asked, self.said | {said}, self.found | found)

    def shows(self, *kinds: Kind) -> "Story":
        """Return the same story with something found in it that is not about what was said."""
        return replace(self, found=self.found | set(kinds))

    def ends(self, account: Mapping[str, Made], *, is_given_up: bool = False) -> "Story":
        """Return the story once nothing is in flight and no message is left, or all are given up."""
        found = set(self.found)
        for submission, request in self.asked:
            finals = {said.event_id for said in self.said if said.submission == submission and said.is_final}
            if not finals and not is_given_up:
                found.add(Kind.SILENCE)
            if len(finals) > 1:
                found.add(Kind.DISCORD)
            found |= self._listened(submission, request, account.get(request.name), is_given_up=is_given_up)
        return replace(self, found=frozenset(found))

    def _listened(
        self, submission: str, request: ProvisionRequest, standing: Made | None, *, is_given_up: bool
    ) -> set[Kind]:
        """Return what is found in the beliefs of a listener: of one who keeps every event, and of one who does not."""
        found: set[Kind] = set()
        mine = [said for said in self.said if said.submission == submission]
        siblings = [each for each, body in self.asked if each != submission and _is_same(body, request)]
        beliefs = self._with_success(_beliefs(mine), request)
        if _is_misled(beliefs, request, standing, is_given_up=is_given_up):
            held = {belief for each in siblings for belief in self._beliefs_of(each)}
            is_outdated = standing is not None and held & {"indeterminate", DEFERRED}
            found.add(Kind.OUTDATED if is_outdated else Kind.MISBELIEF)
        elif _is_misled(
            self._with_success(_beliefs_without_known_ids(mine), request), request, standing, is_given_up=is_given_up
        ):
            found.add(Kind.FORGETFUL)
        return found | ({Kind.UNSETTLED} if "indeterminate" in beliefs else set())

    def _beliefs_of(self, submission: str) -> set[str]:
        return _beliefs([said for said in self.said if said.submission == submission])

    def _with_success(self, beliefs: set[str], request: ProvisionRequest) -> set[str]:
        """Return `succeeded` alone where it was said of the same group under the same requestId, else the beliefs."""
        succeeded = (each.submission for each in self.said if each.status == "succeeded")
        bodies = (self.body_of(submission) for submission in succeeded)
        return {"succeeded"} if any(body is not None and _is_same(body, request) for body in bodies) else beliefs

    def _unlike_before(self, new: Said) -> set[Kind]:
        found: set[Kind] = set()
        request = self.body_of(new.submission)
        for old in self.said:
            if (old.event_id == new.event_id) != old.is_same_verdict(new):
                found.add(Kind.UNSTABLE_ID)
            body = self.body_of(old.submission)
            sequel = _SEQUELS.get((old.status, new.status))
            if sequel is not None and body is not None and request is not None and _is_same(body, request):
                found.add(sequel)
        return found


def _is_same(one: ProvisionRequest, other: ProvisionRequest) -> bool:
    return (one.request_id, *one.configuration) == (other.request_id, *other.configuration)


def _beliefs(said: Iterable[Said]) -> set[str]:
    """Return the statuses with the greatest sequence: one, or none before the first event; two would be a tie."""
    events = list(said)
    greatest = max((each.sequence for each in events), default="")
    return {each.status for each in events if each.sequence == greatest}


def _beliefs_without_known_ids(said: Iterable[Said]) -> set[str]:
    """Return every status that can have the greatest sequence if only the first event to arrive of each id counts."""
    places: dict[str, list[Said]] = {}
    for each in said:
        places.setdefault(each.event_id, []).append(each)
    least = {event_id: min(each.sequence for each in events) for event_id, events in places.items()}
    return {
        each.status
        for events in places.values()
        for each in events
        if all(each.sequence >= sequence for event_id, sequence in least.items() if event_id != each.event_id)
    }


def _is_misled(beliefs: set[str], request: ProvisionRequest, standing: Made | None, *, is_given_up: bool) -> bool:
    is_wrong = {
        "failed": _is_own(standing, request),
        "rejected": _is_own(standing, request),
        "succeeded": standing is None,
        DEFERRED: not is_given_up,
    }
    return any(is_wrong.get(belief, False) for belief in beliefs)


def _untrue(request: ProvisionRequest, said: Said, now: Circumstance) -> set[Kind]:
    match said.status:
        case "succeeded":
            return _untrue_success(request, said.essence, now.standing)
        case "indeterminate":
            is_doubtful = now.asked and (not now.looked or (now.unsettled and not now.shown))
            return set() if is_doubtful or said.essence.split()[0] in now.excuses else {Kind.EVASION}
        case "deferred":
            return {Kind.EVASION} if (now.looked and now.shown) or not now.asked else set()
        case _:
            has_made = now.may_land if now.standing is None else _is_own(now.standing, request)
            return {Kind.FALSE_FAILURE} if has_made else set()


def _untrue_success(request: ProvisionRequest, express_sync_id: str, standing: Made | None) -> set[Kind]:
    if standing is None or _facts(standing.group) != (express_sync_id, *request.configuration):
        return {Kind.FALSE_SUCCESS}
    return set() if standing.maker == request.request_id else {Kind.WRONG_ADOPTION}


def _is_own(standing: Made | None, request: ProvisionRequest) -> bool:
    """Return whether a request of this id made the group, with this configuration."""
    if standing is None or standing.maker != request.request_id:
        return False
    return _facts(standing.group)[1:] == request.configuration


def _facts(group: Group) -> tuple[str, ...]:
    return (group.express_sync_id, group.name, group.bucket_name, group.bucket_region, group.bucket_prefix)
