"""Where a request comes from and how often it was tried: the attributes of the CloudEvent that carries it.

A request that is sent again, by the function or by a replay, travels as an event of a type of its own that keeps what
the first one brought along. This module must not know queues, or why a request is sent again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SENT_AGAIN = "expresssync.provision.requested.v1"
LONGEST_ATTRIBUTE = 512
MOST_GENERATIONS = 1000

# attribute of the requester's own CloudEvent -> extension attribute that travels on, to the outcome and beyond
_TRAVELLING = {
    "source": "requestsource",
    "id": "causationid",
    "correlationid": "correlationid",
    "traceparent": "traceparent",
    "tracestate": "tracestate",
}


@dataclass(frozen=True, slots=True)
class Lineage:
    """The attributes that travel on, the generation (0 for a first try) and the id of the replay, if it is one."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0
    replay_id: str = ""


def of_event(event: Mapping[str, Any]) -> Lineage:
    """The lineage in a CloudEvent's attributes; of anything unusable in them, nothing."""
    if event.get("type") != SENT_AGAIN:
        return Lineage(_carried(event, _TRAVELLING))
    return Lineage(
        attributes=_carried(event, {name: name for name in _TRAVELLING.values()}),
        generation=_generation(event.get("generation")),
        replay_id=plain(event.get("replayid"), 64) or "",
    )


def sent_again(request: Mapping[str, Any], lineage: Lineage, source: str, event_id: str) -> str:
    """The message that sends a request again: a CloudEvent in one line of ASCII JSON."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": SENT_AGAIN,
        "datacontenttype": "application/json",
        **lineage.attributes,
        "generation": lineage.generation,
        **({"replayid": lineage.replay_id} if lineage.replay_id else {}),
        "data": request,
    }
    return json.dumps(event, separators=(",", ":"))


def plain(text: object, longest: int) -> str | None:
    """The text if it is one of at most `longest` printable characters, else None."""
    return text if isinstance(text, str) and 0 < len(text) <= longest and text.isprintable() else None


def _generation(value: object) -> int:
    return value if type(value) is int and 0 <= value <= MOST_GENERATIONS else 0


def _carried(event: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    texts = {new: plain(event.get(old), LONGEST_ATTRIBUTE) for old, new in names.items()}
    return {name: text for name, text in texts.items() if text is not None}
