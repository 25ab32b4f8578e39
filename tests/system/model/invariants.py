"""Compares what is published about requests with what is true at that time: the outcome guarantee.

It shares no code with the handler except the values for a group and a request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from handler.model import Group, ProvisionRequest

Event = Mapping[str, Any]
DEFERRED = "deferred"


class Kind(Enum):
    """A finding in the story of some requests."""

    SILENCE = "silence"
    FALSE_FAILURE = "false failure"
    FALSE_SUCCESS = "false success"
    RETRACTION = "retraction"
    WRONG_ADOPTION = "wrong adoption"
    UNSTABLE_ID = "unstable id"
    NEEDLESS_DOUBT = "needless doubt"
    MISBELIEF = "misbelief"
    UNPUBLISHED = "requeued unpublished"
    ALTERED = "requeued altered"
    ENDLESS = "deferred beyond the limit"
    MULTIPLIED = "too many messages"
    TOO_MANY_CALLS = "too many create calls"
    REPEATED = "processed again without cause"
    NEIGHBOUR = "neighbour processed again"
    SUPERSEDED = "failed, then truly created"
    DOUBT_AFTER_SUCCESS = "doubt after success"
    UNSETTLED = "ends in doubt"
    REOPENED = "deferred after the end"
    DISCORD = "several final verdicts"
    CONTESTED = "failed while another instance tries"
    OUTDATED = "failed, made by another submission"
    MISLED_BY_DROPPING = "misbelief if known ids are dropped"


VIOLATIONS = tuple(Kind)[: tuple(Kind).index(Kind.SUPERSEDED)]
"""The kinds that break an invariant. The others are allowed, and are documented."""


@dataclass(frozen=True, slots=True)
class Made:
    """A group, and the requestId that made it."""

    group: Group
    maker: str


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What is true of a request when an event is published, and what the delivery has learned by then.

    `standing`: the group of the requested name. `may_land`: an attempt that was sent may still make the group.
    `asked`: the API was called for the group, or the time was up. `unsettled`: an attempt of this delivery has no
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
    def is_outdated_lookup(self) -> bool:
        """Return whether another instance may have changed what this delivery has found out."""
        return self.rival and self.looked and not self.shown and not self.unsettled


@dataclass(frozen=True, slots=True)
class Statement:
    """A published event; `meaning` distinguishes it from other events of its status."""

    request_id: str
    submission: str
    status: str
    meaning: str
    event_id: str
    sequence: str

    @staticmethod
    def by(event: Event) -> "Statement":
        """Return the statement of an event."""
        data = event["data"]
        meaning = data.get("expressSyncId")
        if meaning is None:
            generation = data["generation"] if data["status"] == DEFERRED else ""
            why = data["error"]["code"] if "error" in data else data["violations"]
            meaning = f"{why} {generation}"
        return Statement(
            data["requestId"], data["submissionId"], data["status"], meaning, event["id"], event["sequence"]
        )

    @property
    def is_final(self) -> bool:
        """Return whether no further event has to follow."""
        return self.status != DEFERRED

    def is_same_verdict(self, other: "Statement") -> bool:
        """Return whether both have the same content for the same submission, whatever their ids and places."""
        return (self.submission, self.status, self.meaning) == (other.submission, other.status, other.meaning)


_CONTRADICTING_PAIRS = {
    ("succeeded", "failed"): Kind.RETRACTION,
    ("succeeded", "rejected"): Kind.RETRACTION,
    ("succeeded", "indeterminate"): Kind.DOUBT_AFTER_SUCCESS,
    ("succeeded", DEFERRED): Kind.DOUBT_AFTER_SUCCESS,
    ("failed", "succeeded"): Kind.SUPERSEDED,
    ("failed", DEFERRED): Kind.REOPENED,
    ("indeterminate", DEFERRED): Kind.REOPENED,
}


_EXCUSED_BY_RIVAL = {Kind.FALSE_FAILURE, Kind.RETRACTION}


@dataclass(frozen=True, slots=True)
class Story:
    """The published events of some requests so far, and the findings.

    `asked`: the body of each submission. A consumer follows the documented rule: within a submission the event with
    the greatest `sequence` is valid, in any order of arrival; a success is valid for all submissions that ask for the
    same group under the same requestId.
    """

    asked: tuple[tuple[str, ProvisionRequest], ...]
    statements: frozenset[Statement] = frozenset()
    found: frozenset[Kind] = frozenset()

    def body_of(self, submission: str) -> ProvisionRequest | None:
        """Return what a submission asks for, or None for an unknown submission."""
        return next((body for each, body in self.asked if each == submission), None)

    def with_statement(self, said: Statement, now: Circumstance) -> "Story":
        """Return the story once the topic has accepted an event."""
        request = self.body_of(said.submission)
        if request is None or said.request_id != request.request_id:
            return self.with_findings(Kind.UNSTABLE_ID)
        found = _untrue(request, said, now) | self._compared_with_before(said)
        if now.is_outdated_lookup and found & _EXCUSED_BY_RIVAL:
            found = (found - _EXCUSED_BY_RIVAL) | {Kind.CONTESTED}
        return Story(self.asked, self.statements | {said}, self.found | found)

    def with_findings(self, *kinds: Kind) -> "Story":
        """Return the story with findings that do not concern an event."""
        return replace(self, found=self.found | set(kinds))

    def closed(self, account: Mapping[str, Made], *, is_abandoned: bool = False) -> "Story":
        """Return the story after the last delivery: no message is left, or all are abandoned."""
        found = set(self.found)
        for submission, request in self.asked:
            finals = {said.event_id for said in self.statements if said.submission == submission and said.is_final}
            if not finals and not is_abandoned:
                found.add(Kind.SILENCE)
            if len(finals) > 1:
                found.add(Kind.DISCORD)
            found |= self._consumer_findings(submission, request, account.get(request.name), is_abandoned=is_abandoned)
        return replace(self, found=frozenset(found))

    def _consumer_findings(
        self, submission: str, request: ProvisionRequest, standing: Made | None, *, is_abandoned: bool
    ) -> set[Kind]:
        """Return the findings for a consumer who keeps every event, and for one who drops known ids."""
        found: set[Kind] = set()
        mine = [said for said in self.statements if said.submission == submission]
        siblings = [each for each, body in self.asked if each != submission and _is_same(body, request)]
        beliefs = self._with_success(_beliefs(mine), request)
        if _is_wrong_belief(beliefs, request, standing, is_abandoned=is_abandoned):
            held = {belief for each in siblings for belief in self._beliefs_of(each)}
            is_outdated = standing is not None and held & {"indeterminate", DEFERRED}
            found.add(Kind.OUTDATED if is_outdated else Kind.MISBELIEF)
        elif _is_wrong_belief(
            self._with_success(_beliefs_without_known_ids(mine), request), request, standing, is_abandoned=is_abandoned
        ):
            found.add(Kind.MISLED_BY_DROPPING)
        return found | ({Kind.UNSETTLED} if "indeterminate" in beliefs else set())

    def _beliefs_of(self, submission: str) -> set[str]:
        return _beliefs([said for said in self.statements if said.submission == submission])

    def _with_success(self, beliefs: set[str], request: ProvisionRequest) -> set[str]:
        """Return `succeeded` alone if it was published for the same group and requestId, else the beliefs."""
        succeeded = (each.submission for each in self.statements if each.status == "succeeded")
        bodies = (self.body_of(submission) for submission in succeeded)
        return {"succeeded"} if any(body is not None and _is_same(body, request) for body in bodies) else beliefs

    def _compared_with_before(self, new: Statement) -> set[Kind]:
        found: set[Kind] = set()
        request = self.body_of(new.submission)
        for old in self.statements:
            if (old.event_id == new.event_id) != old.is_same_verdict(new):
                found.add(Kind.UNSTABLE_ID)
            body = self.body_of(old.submission)
            sequel = _CONTRADICTING_PAIRS.get((old.status, new.status))
            if sequel is not None and body is not None and request is not None and _is_same(body, request):
                found.add(sequel)
        return found


def _is_same(one: ProvisionRequest, other: ProvisionRequest) -> bool:
    return (one.request_id, *one.configuration) == (other.request_id, *other.configuration)


def _beliefs(said: Iterable[Statement]) -> set[str]:
    """Return the statuses with the greatest sequence: one, or none before the first event; two would be a tie."""
    events = list(said)
    greatest = max((each.sequence for each in events), default="")
    return {each.status for each in events if each.sequence == greatest}


def _beliefs_without_known_ids(said: Iterable[Statement]) -> set[str]:
    """Return every status that can have the greatest sequence if only the first event to arrive of each id counts."""
    places: dict[str, list[Statement]] = {}
    for each in said:
        places.setdefault(each.event_id, []).append(each)
    least = {event_id: min(each.sequence for each in events) for event_id, events in places.items()}
    return {
        each.status
        for events in places.values()
        for each in events
        if all(each.sequence >= sequence for event_id, sequence in least.items() if event_id != each.event_id)
    }


def _is_wrong_belief(
    beliefs: set[str], request: ProvisionRequest, standing: Made | None, *, is_abandoned: bool
) -> bool:
    is_wrong = {
        "failed": _is_own(standing, request),
        "rejected": _is_own(standing, request),
        "succeeded": standing is None,
        DEFERRED: not is_abandoned,
    }
    return any(is_wrong.get(belief, False) for belief in beliefs)


def _untrue(request: ProvisionRequest, said: Statement, now: Circumstance) -> set[Kind]:
    match said.status:
        case "succeeded":
            return _untrue_success(request, said.meaning, now.standing)
        case "indeterminate":
            is_doubtful = now.asked and (not now.looked or (now.unsettled and not now.shown))
            return set() if is_doubtful or said.meaning.split()[0] in now.excuses else {Kind.NEEDLESS_DOUBT}
        case "deferred":
            return {Kind.NEEDLESS_DOUBT} if (now.looked and now.shown) or not now.asked else set()
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
