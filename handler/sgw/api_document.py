"""Parses the body of an API answer, JSON or XML, into one mapping.

The function asks for JSON, but the API's gateway answers some errors in XML. The content type is ignored, because
gateways often set a wrong one. A value in JSON that cannot be read does not hide the others: in a list of groups it may
be anybody's.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from handler import strict_xml

_SPACE_AND_BOM = "\ufeff \t\r\n"
_MAX_DIGITS = 18  # Python refuses to convert some thousands


def parse(data: bytes) -> Mapping[str, Any]:
    """Return the members of the JSON object or of the XML document's root.

    Empty if `data` is neither, or is an object that contradicts itself.
    """
    try:
        # Bytes that are not valid become characters that no name has.
        text = data.decode(json.detect_encoding(data), "surrogateescape").lstrip(_SPACE_AND_BOM)
        document = strict_xml.parse(text) if text.startswith("<") else _DECODER.decode(text)
    except (ValueError, RecursionError):
        return {}
    is_usable = isinstance(document, Mapping) and tuple not in map(type, document.values())
    return document if is_usable else {}


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object; the value of a repeated name is a tuple, which is not a value of JSON."""
    members = dict(pairs)
    if len(members) < len(pairs):
        members |= {name: () for name, times in Counter(name for name, _ in pairs).items() if times > 1}
    return members


def _number(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=_number, strict=False)
