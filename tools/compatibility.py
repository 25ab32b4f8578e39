"""Compares two versions of a contract: does every document of the narrower schema keep the rules of the wider one?

Requests may only get looser, so that what was valid stays valid; outcomes may only get tighter, so that a listener that
knows the first version understands the later ones. No property is ever lost. What cannot be compared counts as broken.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import eq
from typing import Any

Schema = Mapping[str, Any]
_FIXED = ("$id", "$schema", "type")
_ANNOTATIONS = {"title", "description", "examples", "errorMessage", "$comment"}
_STRUCTURE = {"properties", "items", "additionalProperties"}


def _is_at_least(narrow: Any, wide: Any) -> bool:
    return narrow is not None and bool(narrow >= wide)


def _is_at_most(narrow: Any, wide: Any) -> bool:
    return narrow is not None and bool(narrow <= wide)


# keyword of the wider schema -> whether the value in the narrower one is at least as strict
_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(("minLength", "minItems", "minimum"), _is_at_least),
    **dict.fromkeys(("maxLength", "maxItems", "maximum", "x-maxBytes"), _is_at_most),
    "enum": lambda narrow, wide: narrow is not None and all(each in wide for each in narrow),
    "required": lambda narrow, wide: set(wide) <= set(narrow or ()),
    "allOf": lambda narrow, wide: all(each in (narrow or ()) for each in wide),
}


def request_breaches(first: Schema, current: Schema) -> list[str]:
    """Return every place where the current request schema may refuse what the first one accepts."""
    return [*_breaches(first, current, "$"), *_lost(first, current, "$")]


def outcome_breaches(first: Schema, current: Schema) -> list[str]:
    """Return every place where the current outcome schema may accept what the first one refuses."""
    return [*_breaches(current, first, "$"), *_lost(first, current, "$")]


def _breaches(narrow: Schema, wide: Schema, place: str) -> Iterator[str]:
    yield from (f"{place}.{key}" for key in _FIXED if narrow.get(key) != wide.get(key))
    for key in wide.keys() - _ANNOTATIONS - _STRUCTURE - set(_FIXED):
        is_kept: Callable[[Any, Any], bool] = _RULES.get(key, eq)
        if not is_kept(narrow.get(key), wide[key]):
            yield f"{place}.{key}"
    yield from _property_breaches(narrow, wide, place)
    if "items" in wide:
        yield from _breaches(narrow.get("items", {}), wide["items"], f"{place}.items")


def _property_breaches(narrow: Schema, wide: Schema, place: str) -> Iterator[str]:
    ours, theirs = narrow.get("properties", {}), wide.get("properties", {})
    if not _is_open(wide) and (_is_open(narrow) or ours.keys() - theirs.keys()):
        yield f"{place}.additionalProperties"
    for name, schema in theirs.items():
        if name in ours:
            yield from _breaches(ours[name], schema, f"{place}.{name}")
        elif _is_open(narrow):
            yield f"{place}.{name}"


def _lost(first: Schema, current: Schema, place: str) -> Iterator[str]:
    before, now = first.get("properties", {}), current.get("properties", {})
    yield from (f"{place}.{name}" for name in before.keys() - now.keys())
    for name in before.keys() & now.keys():
        yield from _lost(before[name], now[name], f"{place}.{name}")
    if "items" in first:
        yield from _lost(first["items"], current.get("items", {}), f"{place}.items")


def _is_open(schema: Schema) -> bool:
    return bool(schema.get("additionalProperties", True))
