"""Which deliveries of a batch are processed side by side, one after the other, or as one.

Deliveries of one requestId share a lane and are processed one after the other: side by side, one could announce a
refusal that it met before the other had made the group, after the other had announced the group. Copies of one request
within a lane are one case: the API is asked once for all of them.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lane:
    """The deliveries of one requestId: for each case the places in the batch that belong to it."""

    request_id: str | None
    cases: dict[str | int, list[int]] = field(default_factory=dict)


def lanes_of(deliveries: Iterable[tuple[str | None, str | None]]) -> list[Lane]:
    """Return the lanes in order; `deliveries` are the usable request id and the content of each.

    Each delivery without a usable request id has a lane of its own, each without a content is a case of its own.
    """
    lanes: dict[str | int, Lane] = {}
    for place, (request_id, content) in enumerate(deliveries):
        lane = lanes.setdefault(place if request_id is None else request_id, Lane(request_id))
        lane.cases.setdefault(place if content is None else content, []).append(place)
    return list(lanes.values())


def side_by_side(work: Callable[[Lane], T], lanes: Sequence[Lane], concurrency: int) -> list[T]:
    """Return what `work` returns for each lane, in order; at most `concurrency` lanes are processed at a time."""
    if len(lanes) <= 1:
        return [work(lane) for lane in lanes]
    with ThreadPoolExecutor(min(concurrency, len(lanes))) as pool:
        return list(pool.map(work, lanes))
