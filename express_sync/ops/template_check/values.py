"""A plain value against its rule: type, choice, range, length, pattern, what is missing and what is unknown. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.specification import ANY, Bounds, Rule

Inner = Callable[[Any, Rule, str], Iterator[Finding]]

_IS: Mapping[str, Callable[[Any], bool]] = {
    ANY: lambda _: True,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
}


def check_value(value: Any, rule: Rule, path: str, inner: Inner) -> Iterator[Finding]:
    """What is wrong with a value that is no function; `inner` checks what is inside a list or map."""
    if not _IS[rule.kind](value):
        yield Finding(path, f"is {_shown(value)}, which is not a {rule.kind}")
        return
    yield from _constraints(value, rule, path)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from inner(item, rule.items or Rule(), f"{path}[{index}]")
    if isinstance(value, dict):
        yield from _map(value, rule, path, inner)


def _constraints(value: Any, rule: Rule, path: str) -> Iterator[Finding]:
    if rule.allowed and value not in rule.allowed:
        yield Finding(path, f"is {_shown(value)}; allowed: {', '.join(map(str, rule.allowed))}")
    if isinstance(value, (int, float)) and not _is_within(value, rule.within):
        yield Finding(path, f"is {_shown(value)}, which is not within {_range(rule.within)}")
    if isinstance(value, (str, list)) and not _is_within(len(value), rule.length):
        yield Finding(path, f"has a length of {len(value)}, which is not within {_range(rule.length)}")
    if rule.pattern and isinstance(value, str) and not re.search(rule.pattern, value):
        yield Finding(path, f"is {_shown(value)}, which does not match {rule.pattern}")


def _map(value: Mapping[str, Any], rule: Rule, path: str, inner: Inner) -> Iterator[Finding]:
    properties = rule.properties
    if properties is None:
        properties = dict.fromkeys(value, Rule())
    for name in value.keys() - properties.keys():
        yield Finding(f"{path}.{name}", f"is unknown; there are {', '.join(sorted(map(str, properties)))}")
    for name, of in properties.items():
        if name in value:
            yield from inner(value[name], of, f"{path}.{name}")
        elif of.required:
            yield Finding(f"{path}.{name}", "is missing")


def _is_within(number: float, bounds: Bounds) -> bool:
    low, high = bounds
    return (low is None or number >= low) and (high is None or number <= high)


def _range(bounds: Bounds) -> str:
    low, high = bounds
    return f"{'any' if low is None else low} to {'any' if high is None else high}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
