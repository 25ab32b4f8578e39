"""Text from strangers to JSON values, within bounds and without ever raising. It must not know what a value means.

What the standard parser lets pass or dies of is named here as a violation: oversize, duplicate keys, lone
surrogates, nesting without end, bodies in base64 with or without padding.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handler.model import Violation

MOST_BYTES = 65536  # of an MNS message, https://help.aliyun.com/zh/mns/developer-reference/sendmessage
DEEPEST = 32

_TOO_LARGE = Violation("$", "maxBytes", f"must have at most {MOST_BYTES} bytes")
_NOT_JSON = Violation("$", "json", "must be JSON text in UTF-8, as it is or in base64")
TOO_DEEP = Violation("$", "maxDepth", f"must not nest deeper than {DEEPEST} levels")
_DUPLICATE_KEYS = Violation("$", "uniqueKeys", "must not name a property twice")
_NOT_UNICODE = Violation("$", "unicode", "must not hold half of a surrogate pair")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that is no usable JSON, and every reason why."""

    violations: tuple[Violation, ...]


class _Ambiguous(dict[str, Any]):
    """An object in whose text a property stood twice; which one is meant, nobody can know."""


def read_bytes(data: bytes) -> Any | Unreadable:
    """The JSON value in bytes that should be UTF-8 JSON; not bounded in size, for the platform bounds events."""
    try:
        return json.loads(data.decode(), object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return Unreadable((_NOT_JSON,))


def read_body(body: str) -> Any | Unreadable:
    """The JSON value in a message body: plain JSON, or base64 of it, padded or not."""
    data = body.encode("utf-8", "surrogatepass")
    if len(data) > MOST_BYTES:
        return Unreadable((_TOO_LARGE,))
    value = read_bytes(data)
    decoded = _from_base64(data.strip()) if isinstance(value, Unreadable) else None
    return value if decoded is None else read_bytes(decoded)


def flaws(value: object) -> tuple[Violation, ...]:
    """What is wrong with a parsed value whatever it means, each flaw once. Walks without recursion."""
    found: dict[Violation, None] = {}
    level: list[object] = [value]
    depth = 0
    while level:
        found.update((flaw, None) for item in level for flaw in _own_flaws(item))
        depth += 1
        if depth > DEEPEST:
            return (*found, TOO_DEEP)
        level = [child for item in level for child in _children(item)]
    return tuple(found)


def _from_base64(data: bytes) -> bytes | None:
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except binascii.Error:
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else _Ambiguous(result)


def _own_flaws(item: object) -> Iterator[Violation]:
    if isinstance(item, _Ambiguous):
        yield _DUPLICATE_KEYS
    if isinstance(item, str) and not _is_unicode(item):
        yield _NOT_UNICODE


def _children(item: object) -> Iterator[object]:
    if isinstance(item, dict):
        yield from item.keys()
        yield from item.values()
    elif isinstance(item, list):
        yield from item


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
