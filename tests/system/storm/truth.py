"""What must be true of a storm's end: every way in which announced outcomes can contradict the account. Pure.

The rule for listeners: of the events on one submission the one with the greatest sequence holds, in any order of
arrival. Of several submissions of one request under way together, a success holds for all, and doubt over failures.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jsonschema import Draft7Validator

from handler.inbound.validation import SCHEMAS
from handler.model import Adoption
from tests.system.storm.forecast import Planned

Event = Mapping[str, Any]
Group = Mapping[str, Any]
_VALIDATOR = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
_TIMERS_ORDER = re.compile(r"(pull|sweep)@[0-9TZ:-]+")
_CONFIGURATION = {"bucketName": "BucketName", "bucketRegion": "BucketRegion", "bucketPrefix": "BucketPrefix"}
_OUTER_SLASHES = "/"  # the account may store a prefix without them


@dataclass(frozen=True, slots=True)
class Storm:
    """What was sent, by message id; what was announced, in order; the groups of the account in the end; the policy."""

    sent: Mapping[str, Planned]
    announced: Sequence[Event]
    groups: Sequence[Group]
    adoption: Adoption = "identical"

    def histories(self) -> Mapping[str, list[Event]]:
        """The distinct verdicts on each subject in the order in which they came first."""
        found: defaultdict[str, dict[tuple[str, str], Event]] = defaultdict(dict)
        for event in self.announced:
            found[event["subject"]].setdefault((event["source"], event["id"]), event)
        return {subject: list(verdicts.values()) for subject, verdicts in found.items()}

    def words(self) -> Mapping[str, list[Event]]:
        """All that was said of each subject in order, repetitions included."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.announced:
            found[event["subject"]].append(event)
        return found

    def planned(self, event: Event) -> Planned:
        """What an outcome is about; a request that was sent back comes in messages that nobody has planned.

        Nor has anybody planned the record of a timer's order that was struck in every try, which is swept as garbage.
        """
        if _TIMERS_ORDER.fullmatch(event["subject"]):
            return Planned("garbage", "")
        return self.sent.get(event["data"]["submissionId"]) or self.requests()[event["subject"]]

    def is_of_another(self, planned: Planned) -> bool:
        """Whether its group is there as it wants it, and yet by the policy not its own."""
        return planned.kind == "identical" and self.adoption != "identical"

    def requests(self) -> Mapping[str, Planned]:
        """Every valid request by its requestId."""
        return {planned.document["requestId"]: planned for planned in self.sent.values() if planned.document}


def held(words: Iterable[Event]) -> Mapping[str, Event]:
    """Return for each submission the event that holds."""
    greatest: dict[str, Event] = {}
    for event in sorted(words, key=lambda each: str(each["sequence"])):
        greatest[event["data"]["submissionId"]] = event
    return greatest


def final(words: Iterable[Event]) -> Event:
    """Return the event that holds for the request: the one of the greatest rank, which ends its sequence."""
    return max(held(words).values(), key=lambda event: str(event["sequence"])[-1])


def contradictions(storm: Storm) -> list[str]:
    """Every broken promise, in a sentence each; empty if the storm was survived."""
    return [sentence for rule in _RULES for sentence in rule(storm)]


def _unanswered(storm: Storm) -> Iterator[str]:
    holding = held(storm.announced)
    for message_id, planned in storm.sent.items():
        if message_id not in holding:
            yield f"message {message_id} ({planned.kind}) has no verdict"
    for event in holding.values():
        if _status(event) == "deferred":
            yield f"{event['subject']} is deferred, and that is all"


def _malformed(storm: Storm) -> Iterator[str]:
    for event in storm.announced:
        if not _VALIDATOR.is_valid(event):
            yield f"{event.get('id')} breaks the outcome schema"


def _ambiguous_ids(storm: Storm) -> Iterator[str]:
    meanings: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for event in storm.announced:
        data = event["data"]
        code = data.get("error", {}).get("code")
        meanings[event["source"], event["id"]].add(f"{event['subject']} {data['status']} {_group_id(event)} {code}")
    for identity, said in meanings.items():
        if len(said) > 1:
            yield f"{identity} says {sorted(said)}"


def _taken_back(storm: Storm) -> Iterator[str]:
    for subject, history in storm.histories().items():
        statuses = [_status(event) for event in history]
        if "succeeded" in statuses and "failed" in statuses[statuses.index("succeeded") :]:
            yield f"{subject}: succeeded is followed by failed"
        if len({_group_id(event) for event in history if _status(event) == "succeeded"}) > 1:
            yield f"{subject}: two groups"


def _false_successes(storm: Storm) -> Iterator[str]:
    groups = {group["ExpressSyncId"]: group for group in storm.groups}
    requests = storm.requests()
    for event in storm.announced:
        if _status(event) != "succeeded":
            continue
        group, planned = groups.get(_group_id(event)), requests[event["subject"]]
        if group is None or not _is_configured_as(group, planned):
            yield f"{event['subject']}: succeeded, but {_group_id(event)} is not there or another"


def _false_failures(storm: Storm) -> Iterator[str]:
    words = storm.words()
    for request_id, planned in storm.requests().items():
        failed = request_id in words and _status(final(words[request_id])) == "failed"
        if (
            failed
            and not storm.is_of_another(planned)
            and any(_is_configured_as(group, planned) for group in storm.groups)
        ):
            yield f"{request_id}: failed, but its group is there"


def _wrong_kinds(storm: Storm) -> Iterator[str]:
    """Rejected are exactly the messages that break the contract; a taken name and a hopeless request never succeed, nor
    does one whose group is somebody else's by the policy.
    """
    for event in storm.announced:
        planned, status = storm.planned(event), _status(event)
        if (status == "rejected") != (planned.document is None):
            yield f"{event['subject']} ({planned.kind}) is {status}"
        if status == "succeeded" and (planned.kind in ("taken", "hopeless") or storm.is_of_another(planned)):
            yield f"{event['subject']} ({planned.kind}) succeeded"


def _strange_groups(storm: Storm) -> Iterator[str]:
    names = [group["Name"] for group in storm.groups]
    yield from (f"{name} has two groups" for name in set(names) if names.count(name) > 1)
    wanted = {planned.document["name"] for planned in storm.requests().values() if planned.document}
    yield from (f"nobody has asked for {name}" for name in set(names) - wanted)


_RULES = (
    _unanswered,
    _malformed,
    _ambiguous_ids,
    _taken_back,
    _false_successes,
    _false_failures,
    _wrong_kinds,
    _strange_groups,
)


def leaks(texts: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """The beginning of every text that holds one of `secrets`."""
    found = partial(_first_of, tuple(secrets))
    return [f"{secret!r} in {text[:200]!r}" for text in texts if (secret := found(text))]


def without_request(event: Event) -> str:
    """An outcome as text but for the place where the original request belongs by contract."""
    data = {name: value for name, value in event["data"].items() if name != "request"}
    return json.dumps({**event, "data": data}, ensure_ascii=False)


def _first_of(secrets: Sequence[str], text: str) -> str:
    return next((secret for secret in secrets if secret in text), "")


def _status(event: Event) -> str:
    return str(event["data"]["status"])


def _group_id(event: Event) -> str:
    return str(event["data"].get("expressSyncId", ""))


def _is_configured_as(group: Group, planned: Planned) -> bool:
    document = planned.document or {}
    same_name = bool(document) and group["Name"] == document["name"]
    return same_name and all(
        group.get(api, "").strip(_OUTER_SLASHES) == document.get(ours, "").strip(_OUTER_SLASHES)
        for ours, api in _CONFIGURATION.items()
    )
