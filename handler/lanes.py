"""Which deliveries of a batch may be worked side by side. It must not know what working one means.

Deliveries of one request share a lane and are worked one after the other: side by side, one could announce a refusal
that it met before the other had made the group, after the other had announced the group.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from handler.model import Indeterminate

T = TypeVar("T")


@dataclass(slots=True)
class Lane:
    """The deliveries of one request, by their places in the batch; and what one of them leaves to those after it.

    That is the doubt that it has ended in, and the messages that it has sent back to the queue.
    """

    request_id: str | None
    places: list[int] = field(default_factory=list)
    doubt: Indeterminate | None = None
    sent_back: set[str] = field(default_factory=set)


def lanes_of(request_ids: Iterable[str | None]) -> list[Lane]:
    """The lanes in order; each delivery without a usable request id has one of its own."""
    lanes: dict[str | int, Lane] = {}
    for place, request_id in enumerate(request_ids):
        key = place if request_id is None else request_id
        lanes.setdefault(key, Lane(request_id)).places.append(place)
    return list(lanes.values())


def side_by_side(work: Callable[[Lane], T], lanes: Sequence[Lane], concurrency: int) -> list[T]:
    """What `work` returns for each lane, in order; at most `concurrency` lanes are worked at a time."""
    if len(lanes) <= 1:
        return [work(lane) for lane in lanes]
    with ThreadPoolExecutor(min(concurrency, len(lanes))) as pool:
        return list(pool.map(work, lanes))
