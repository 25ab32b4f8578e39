"""Splits message bodies into batches within the limits of SMQ's BatchSendMessage."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

MAX_MESSAGES = 16
MAX_BYTES = 65536  # all bodies of one call together

T = TypeVar("T")


def batches(items: Iterable[tuple[T, str]]) -> Iterator[tuple[tuple[T, str], ...]]:
    """Yield items with their bodies, in order, in as few batches as the limits allow.

    A body that is too large by itself becomes a batch of its own, which the service will refuse.
    """
    batch: list[tuple[T, str]] = []
    size = 0
    for item in items:
        length = len(item[1].encode())
        if batch and (len(batch) == MAX_MESSAGES or size + length > MAX_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield tuple(batch)
