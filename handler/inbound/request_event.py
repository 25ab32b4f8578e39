"""The CloudEvent `expresssync.provision.requested.v1`: a request that the function or a replay sends again.

It keeps the origin of the request, the number of tries, and the id of the submission. One message may carry several
submissions of the same request: copies that meet in a batch are deferred as one, and each submission still gets its own
outcome.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handler.model import MAX_MESSAGE_BYTES

EVENT_TYPE_PREFIX = "expresssync.provision"  # of this event and of every outcome
TYPE = f"{EVENT_TYPE_PREFIX}.requested.v1"
MAX_ATTRIBUTE_LENGTH = 512
MAX_ID_LENGTH = 128
MAX_GENERATIONS = 1000
MAX_SUBMISSIONS = 32  # in one message
_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9@:._-]{{0,{MAX_ID_LENGTH - 1}}}")

# attribute of the requester's own CloudEvent -> extension attribute of every later event of the request
_ORIGIN_ATTRIBUTES = {
    "source": "requestsource",
    "id": "causationid",
    "correlationid": "correlationid",
    "traceparent": "traceparent",
    "tracestate": "tracestate",
}
_CARRIED_ATTRIBUTES = {name: name for name in _ORIGIN_ATTRIBUTES.values()}
_OTHERS = "othersubmissions"


@dataclass(frozen=True, slots=True)
class Lineage:
    """The carried attributes, the generation (0 for a first try), the id of the replay if any, and the submission.

    `submission_id` is the id of the message that brought the request first, or of the replay. `others` are further
    submissions of the same request in the same message.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0
    replay_id: str = ""
    submission_id: str = ""
    others: tuple["Lineage", ...] = ()

    @property
    def submissions(self) -> tuple["Lineage", ...]:
        """Return every submission that the message carries, each as a separate lineage."""
        if not self.others:
            return (self,)
        return (replace(self, others=()), *(replace(each, generation=self.generation) for each in self.others))


def of_event(event: Mapping[str, Any], message_id: str) -> Lineage:
    """Return the lineage in the attributes of a CloudEvent, without those that are not usable."""
    if event.get("type") != TYPE:
        return Lineage(_carried(event, _ORIGIN_ATTRIBUTES), submission_id=message_id)
    first = _submission(event, message_id)
    others = {each.submission_id: each for each in _others(event.get(_OTHERS), message_id)}
    others.pop(first.submission_id, None)
    return replace(first, generation=_generation(event.get("generation")), others=tuple(others.values()))


def encode(request: object, lineage: Lineage, source: str, event_id: str) -> str:
    """Return the event that sends a request again, as one line of ASCII JSON."""
    others = [{**each.attributes, **_ids(each)} for each in lineage.others]
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": TYPE,
        "datacontenttype": "application/json",
        **lineage.attributes,
        "generation": lineage.generation,
        **_ids(lineage),
        **({_OTHERS: json.dumps(others, separators=(",", ":"))} if others else {}),
        "data": request,
    }
    return json.dumps(event, separators=(",", ":"))


def messages(request: object, submissions: Sequence[Lineage], source: str, event_id: str) -> list[str]:
    """Return the messages that send a request again for these submissions: one, or as few as their size allows."""
    body = encode(request, replace(submissions[0], others=tuple(submissions[1:])), source, event_id)
    if len(submissions) == 1 or (len(body) <= MAX_MESSAGE_BYTES and len(submissions) <= MAX_SUBMISSIONS):
        return [body]
    middle = len(submissions) // 2
    halves = (submissions[:middle], submissions[middle:])
    return [message for half in halves for message in messages(request, half, source, event_id)]


def distinct(lineages: Iterable[Lineage]) -> list[Lineage]:
    """Return every submission of these messages once, in the highest generation of its own messages.

    A generation that only another submission has reached must not be published for this one: if the function is killed
    before it requeues the request, the next outcome of this submission would be ranked below that deferral.
    """
    first: dict[str, Lineage] = {}
    for each in (submission for lineage in lineages for submission in lineage.submissions):
        known = first.setdefault(each.submission_id, each)
        if known.generation < each.generation:
            first[each.submission_id] = replace(known, generation=each.generation)
    return list(first.values())


def carried_attributes(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the usable attributes that every event of a request carries on, outcomes included."""
    return _carried(event, _CARRIED_ATTRIBUTES)


def plain(text: object, max_length: int) -> str | None:
    """Return the text if it has 1 to `max_length` printable characters, else None."""
    return text if isinstance(text, str) and 0 < len(text) <= max_length and text.isprintable() else None


def usable_id(value: object) -> str | None:
    """Return the id of a message or submission if its form is safe to log, else None."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _submission(event: Mapping[str, Any], message_id: str) -> Lineage:
    replay_id = plain(event.get("replayid"), 64) or ""
    submission_id = usable_id(event.get("submissionid")) or usable_id(replay_id) or message_id
    return Lineage(carried_attributes(event), replay_id=replay_id, submission_id=submission_id)


def _others(text: object, message_id: str) -> list[Lineage]:
    try:
        found = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        return []
    events = found[: MAX_SUBMISSIONS - 1] if isinstance(found, list) else []
    return [_submission(event, message_id) for event in events if isinstance(event, Mapping)]


def _ids(lineage: Lineage) -> dict[str, str]:
    ids = {"submissionid": lineage.submission_id, "replayid": lineage.replay_id}
    return {name: text for name, text in ids.items() if text}


def _generation(value: object) -> int:
    return value if type(value) is int and 0 <= value <= MAX_GENERATIONS else 0


def _carried(event: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    texts = {new: plain(event.get(old), MAX_ATTRIBUTE_LENGTH) for old, new in names.items()}
    return {name: text for name, text in texts.items() if text is not None}
