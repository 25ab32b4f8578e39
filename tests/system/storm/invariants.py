"""Checks the published outcomes of a storm against the account. Pure.

The rule for consumers: of the events of one submission the one with the greatest sequence is valid, in any order of
arrival. Of several simultaneous submissions of one request, a success is valid for all, and doubt outranks failures.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from handler.model import Adoption
from tests.support.contract import OUTCOME_VALIDATOR
from tests.system.storm.plan import Planned

Event = Mapping[str, Any]
Group = Mapping[str, Any]
_TIMERS_ORDER = re.compile(r"(pull|sweep)@[0-9TZ:-]+")
_CONFIGURATION = {
    "name": "Name",
    "bucketName": "BucketName",
    "bucketRegion": "BucketRegion",
    "bucketPrefix": "BucketPrefix",
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What was sent, by message id; what was published, in order; the groups of the account in the end; the policy."""

    sent: Mapping[str, Planned]
    published: Sequence[Event]
    groups: Sequence[Group]
    adoption: Adoption = "identical"

    def histories(self) -> Mapping[str, list[Event]]:
        """Return the distinct verdicts of each subject in the order of their first publication."""
        found: defaultdict[str, dict[tuple[str, str], Event]] = defaultdict(dict)
        for event in self.published:
            found[event["subject"]].setdefault((event["source"], event["id"]), event)
        return {subject: list(verdicts.values()) for subject, verdicts in found.items()}

    def events_by_subject(self) -> Mapping[str, list[Event]]:
        """Return all events of each subject in order, repetitions included."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.published:
            found[event["subject"]].append(event)
        return found

    def planned(self, event: Event) -> Planned:
        """Return the plan that an outcome belongs to; the message of a requeued request is not planned itself.

        The record of a timer's command that failed in every attempt is not planned, either; it is swept as garbage.
        """
        if _TIMERS_ORDER.fullmatch(event["subject"]):
            return Planned("garbage", "")
        return self.sent.get(event["data"]["submissionId"]) or self.requests()[event["subject"]]

    def is_foreign(self, planned: Planned) -> bool:
        """Return whether a group with its configuration exists that the policy does not let it adopt."""
        return planned.kind == "identical" and self.adoption != "identical"

    def requests(self) -> Mapping[str, Planned]:
        """Return every valid request by its requestId."""
        return {planned.document["requestId"]: planned for planned in self.sent.values() if planned.document}


def valid_events(events: Iterable[Event]) -> Mapping[str, Event]:
    """Return the valid event of each submission."""
    greatest: dict[str, Event] = {}
    for event in sorted(events, key=lambda each: str(each["sequence"])):
        greatest[event["data"]["submissionId"]] = event
    return greatest


def final(events: Iterable[Event]) -> Event:
    """Return the valid event of the request: the one of the greatest rank, the last digit of its sequence."""
    return max(valid_events(events).values(), key=lambda event: str(event["sequence"])[-1])


def contradictions(observed: Observed) -> list[str]:
    """Return a sentence for each broken invariant."""
    return [sentence for rule in _RULES for sentence in rule(observed)]


def _without_outcome(observed: Observed) -> Iterator[str]:
    valid = valid_events(observed.published)
    for message_id, planned in observed.sent.items():
        if message_id not in valid:
            yield f"message {message_id} ({planned.kind}) has no verdict"
    for event in valid.values():
        if _status(event) == "deferred":
            yield f"{event['subject']} stays deferred"


def _malformed(observed: Observed) -> Iterator[str]:
    for event in observed.published:
        if not OUTCOME_VALIDATOR.is_valid(event):
            yield f"{event.get('id')} breaks the outcome schema"


def _ambiguous_ids(observed: Observed) -> Iterator[str]:
    meanings: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for event in observed.published:
        data = event["data"]
        code = data.get("error", {}).get("code")
        meanings[event["source"], event["id"]].add(f"{event['subject']} {data['status']} {_group_id(event)} {code}")
    for identity, texts in meanings.items():
        if len(texts) > 1:
            yield f"{identity} says {sorted(texts)}"


def _retracted(observed: Observed) -> Iterator[str]:
    for subject, history in observed.histories().items():
        statuses = [_status(event) for event in history]
        if "succeeded" in statuses and "failed" in statuses[statuses.index("succeeded") :]:
            yield f"{subject}: succeeded is followed by failed"
        if len({_group_id(event) for event in history if _status(event) == "succeeded"}) > 1:
            yield f"{subject}: two groups"


def _false_successes(observed: Observed) -> Iterator[str]:
    groups = {group["ExpressSyncId"]: group for group in observed.groups}
    requests = observed.requests()
    for event in observed.published:
        if _status(event) != "succeeded":
            continue
        group, planned = groups.get(_group_id(event)), requests[event["subject"]]
        if group is None or not _is_configured_as(group, planned):
            yield f"{event['subject']}: succeeded, but {_group_id(event)} is not there or another"


def _false_failures(observed: Observed) -> Iterator[str]:
    events_by_subject = observed.events_by_subject()
    for request_id, planned in observed.requests().items():
        failed = request_id in events_by_subject and _status(final(events_by_subject[request_id])) == "failed"
        if (
            failed
            and not observed.is_foreign(planned)
            and any(_is_configured_as(group, planned) for group in observed.groups)
        ):
            yield f"{request_id}: failed, but its group is there"


def _wrong_kinds(observed: Observed) -> Iterator[str]:
    """Yield messages that are wrongly rejected or not rejected, and requests that must not succeed but do."""
    for event in observed.published:
        planned, status = observed.planned(event), _status(event)
        if (status == "rejected") != (planned.document is None):
            yield f"{event['subject']} ({planned.kind}) is {status}"
        if status == "succeeded" and (planned.kind in ("taken", "impossible") or observed.is_foreign(planned)):
            yield f"{event['subject']} ({planned.kind}) succeeded"


def _unrequested_groups(observed: Observed) -> Iterator[str]:
    names = [group["Name"] for group in observed.groups]
    yield from (f"{name} has two groups" for name in set(names) if names.count(name) > 1)
    wanted = {planned.document["name"] for planned in observed.requests().values() if planned.document}
    yield from (f"no request asks for {name}" for name in set(names) - wanted)


_RULES = (
    _without_outcome,
    _malformed,
    _ambiguous_ids,
    _retracted,
    _false_successes,
    _false_failures,
    _wrong_kinds,
    _unrequested_groups,
)


def leaks(texts: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Return the beginning of every text that contains one of `secrets`."""
    found = partial(_first_of, tuple(secrets))
    return [f"{secret!r} in {text[:200]!r}" for text in texts if (secret := found(text))]


def without_request(event: Event) -> str:
    """Return an outcome as text, without the request that it quotes by contract."""
    data = {name: value for name, value in event["data"].items() if name != "request"}
    return json.dumps({**event, "data": data}, ensure_ascii=False)


def _first_of(secrets: Sequence[str], text: str) -> str:
    return next((secret for secret in secrets if secret in text), "")


def _status(event: Event) -> str:
    return str(event["data"]["status"])


def _group_id(event: Event) -> str:
    return str(event["data"].get("expressSyncId", ""))


def _is_configured_as(group: Group, planned: Planned) -> bool:
    """Compare exactly, except for the slashes around a prefix that a fault of this request has made the API drop."""
    if planned.document is None:
        return False
    shown = {api: group.get(api, "") for api in _CONFIGURATION.values()}
    wanted = {api: planned.document.get(ours, "") for ours, api in _CONFIGURATION.items()}
    normalised = {**wanted, "BucketPrefix": wanted["BucketPrefix"].strip("/")}
    return shown == wanted or ("normalised" in planned.create_faults and shown == normalised)
