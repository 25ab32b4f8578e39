"""Parses untrusted text to JSON values, within bounds and without raising.

Reports as violations what `json` accepts or crashes on: oversize, duplicate keys, lone surrogates, and unbounded
nesting. Texts may begin with a byte order mark; bodies may be in base64, with or without padding and line breaks. A
topic's notification in XML is read as the same notification in JSON would be.
"""

import base64
import binascii
import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from handler import strict_xml
from handler.model import MAX_MESSAGE_BYTES, Violation

MAX_DEPTH = 32
_JSON_SPACE = " \t\r\n"

_TOO_LARGE = Violation("$", "maxBytes", f"must have at most {MAX_MESSAGE_BYTES} bytes")
_NOT_JSON = Violation("$", "json", "must be JSON text in UTF-8, as it is or in base64")
TOO_DEEP = Violation("$", "maxDepth", f"must not nest deeper than {MAX_DEPTH} levels")
_DUPLICATE_KEYS = Violation("$", "uniqueKeys", "must not name a property twice")
_NOT_UNICODE = Violation("$", "unicode", "must not hold half of a surrogate pair")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that cannot be parsed, and every reason why."""

    violations: tuple[Violation, ...]


class _DuplicateKeys(dict[str, Any]):
    """An object whose text names a property twice."""


def read_bytes(data: bytes) -> Any | Unreadable:
    """Return the JSON value in UTF-8 bytes. The size is not bounded: the platform bounds the size of events."""
    try:
        text = data.decode("utf-8-sig").strip(_JSON_SPACE)
        return _notification(text) if text.startswith("<") else _DECODER.decode(text)
    except (ValueError, RecursionError):
        return Unreadable((_NOT_JSON,))


def read_body(body: str) -> Any | Unreadable:
    """Return the JSON value in a message body: plain JSON or base64 of it, padded or not, on one line or several."""
    data = body.encode("utf-8", "surrogatepass")
    if len(data) > MAX_MESSAGE_BYTES:
        return Unreadable((_TOO_LARGE,))
    value = read_bytes(data)
    decoded = _from_base64(data.removeprefix(BOM_UTF8)) if isinstance(value, Unreadable) else None
    return value if decoded is None else read_bytes(decoded)


def violations(value: object) -> tuple[Violation, ...]:
    """Return the violations of a parsed value, each once. Walks without recursion."""
    found: dict[Violation, None] = {}
    level: list[object] = [value]
    depth = 0
    while level:
        found.update(dict.fromkeys(_violations_of(level)))
        depth += 1
        if depth > MAX_DEPTH:
            return (*found, TOO_DEEP)
        level = [child for item in level if isinstance(item, dict | list) for child in _children(item)]
    return tuple(found)


def _notification(text: str) -> Any:
    """Return the members of a notification in XML. ValueError for any other document: a request is JSON."""
    members = strict_xml.parse(text)
    if not (isinstance(members, dict) and {"TopicName", "Message"} <= members.keys()):
        raise ValueError
    if not all(isinstance(member, str) for member in members.values()):
        raise ValueError
    return members


def _from_base64(data: bytes) -> bytes | None:
    data = b"".join(line.strip() for line in data.splitlines())  # MIME breaks lines after 76 characters
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except binascii.Error:
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else _DuplicateKeys(result)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _violations_of(level: list[object]) -> Iterator[Violation]:
    if any(isinstance(item, _DuplicateKeys) for item in level):
        yield _DUPLICATE_KEYS
    if not is_unicode("".join(item for item in level if isinstance(item, str))):
        yield _NOT_UNICODE


def _children(item: dict[str, object] | list[object]) -> Iterable[object]:
    return chain(item, item.values()) if isinstance(item, dict) else item


def is_unicode(text: str) -> bool:
    """Return whether the text has an encoding in UTF-8: half of a surrogate pair has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
