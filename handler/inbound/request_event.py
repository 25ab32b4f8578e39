"""Where a request comes from and how often it was tried: the attributes of the CloudEvent that carries it.

A request that is sent again, by the function or by a replay, travels as an event of a type of its own that keeps what
the first one brought along, above all the id of its submission. One message may carry several submissions of the same
request: copies that meet in a batch are deferred as one, and each submission still gets its own outcome.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handler.model import MESSAGE_BYTES

SENT_AGAIN = "expresssync.provision.requested.v1"
LONGEST_ATTRIBUTE = 512
LONGEST_ID = 128
MOST_GENERATIONS = 1000
MOST_SUBMISSIONS = 32  # in one message
_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9@:._-]{{0,{LONGEST_ID - 1}}}")

# attribute of the requester's own CloudEvent -> extension attribute that travels on, to the outcome and beyond
_TRAVELLING = {
    "source": "requestsource",
    "id": "causationid",
    "correlationid": "correlationid",
    "traceparent": "traceparent",
    "tracestate": "tracestate",
}
_TRAVELLED = {name: name for name in _TRAVELLING.values()}
_OTHERS = "othersubmissions"


@dataclass(frozen=True, slots=True)
class Lineage:
    """The attributes that travel on, the generation (0 for a first try), the replay's id if it is one, the submission.

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
        """Every submission that the message carries, each as a lineage of its own."""
        return (replace(self, others=()), *(replace(each, generation=self.generation) for each in self.others))


def of_event(event: Mapping[str, Any], message_id: str) -> Lineage:
    """Return the lineage in a CloudEvent's attributes, leaving out whatever is unusable in them."""
    if event.get("type") != SENT_AGAIN:
        return Lineage(_carried(event, _TRAVELLING), submission_id=message_id)
    first = _submission(event, message_id)
    others = {each.submission_id: each for each in _others(event.get(_OTHERS), message_id)}
    others.pop(first.submission_id, None)
    return replace(first, generation=_generation(event.get("generation")), others=tuple(others.values()))


def sent_again(request: object, lineage: Lineage, source: str, event_id: str) -> str:
    """Return the message that sends a request again: a CloudEvent in one line of ASCII JSON."""
    others = [{**each.attributes, **_ids(each)} for each in lineage.others]
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": SENT_AGAIN,
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
    body = sent_again(request, replace(submissions[0], others=tuple(submissions[1:])), source, event_id)
    if len(submissions) == 1 or (len(body) <= MESSAGE_BYTES and len(submissions) <= MOST_SUBMISSIONS):
        return [body]
    middle = len(submissions) // 2
    halves = (submissions[:middle], submissions[middle:])
    return [message for half in halves for message in messages(request, half, source, event_id)]


def distinct(lineages: Iterable[Lineage]) -> list[Lineage]:
    """Return every submission of these messages once, all of them in the highest generation."""
    submissions = [each for lineage in lineages for each in lineage.submissions]
    generation = max(each.generation for each in submissions)
    first: dict[str, Lineage] = {}
    for each in submissions:
        first.setdefault(each.submission_id, replace(each, generation=generation))
    return list(first.values())


def plain(text: object, longest: int) -> str | None:
    """Return the text if it is one of at most `longest` printable characters, else None."""
    return text if isinstance(text, str) and 0 < len(text) <= longest and text.isprintable() else None


def usable_id(value: object) -> str | None:
    """Return the id of a message or submission if it has the form of one, so that it may be logged, else None."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _submission(event: Mapping[str, Any], message_id: str) -> Lineage:
    replay_id = plain(event.get("replayid"), 64) or ""
    submission_id = usable_id(event.get("submissionid")) or usable_id(replay_id) or message_id
    return Lineage(_carried(event, _TRAVELLED), replay_id=replay_id, submission_id=submission_id)


def _others(text: object, message_id: str) -> list[Lineage]:
    try:
        found = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        return []
    events = found[: MOST_SUBMISSIONS - 1] if isinstance(found, list) else []
    return [_submission(event, message_id) for event in events if isinstance(event, Mapping)]


def _ids(lineage: Lineage) -> dict[str, str]:
    ids = {"submissionid": lineage.submission_id, "replayid": lineage.replay_id}
    return {name: text for name, text in ids.items() if text}


def _generation(value: object) -> int:
    return value if type(value) is int and 0 <= value <= MOST_GENERATIONS else 0


def _carried(event: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    texts = {new: plain(event.get(old), LONGEST_ATTRIBUTE) for old, new in names.items()}
    return {name: text for name, text in texts.items() if text is not None}
