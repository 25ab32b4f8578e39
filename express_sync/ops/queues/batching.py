"""Many message bodies into few batches, within what SMQ takes at once. Pure; it must not know what bodies mean."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

MOST_MESSAGES = 16
MOST_BYTES = 65536  # of all bodies of one BatchSendMessage together

T = TypeVar("T")


def batches(items: Iterable[tuple[T, str]]) -> Iterator[tuple[tuple[T, str], ...]]:
    """Items and their bodies, in order, in as few batches as order and limits allow.

    A body that is too large by itself is a batch of its own, for the service to refuse.
    """
    batch: list[tuple[T, str]] = []
    size = 0
    for item in items:
        length = len(item[1].encode())
        if batch and (len(batch) == MOST_MESSAGES or size + length > MOST_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield tuple(batch)
