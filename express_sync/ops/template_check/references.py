"""Checks the functions of a template: that each is supported, has valid arguments, and names what exists."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from express_sync.local.template.intrinsics import is_call
from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.scope import PSEUDO, Scope

PLACEHOLDER = re.compile(r"\$\{(?!!)([^}]+)\}")
Guards = frozenset[str]


def references(value: Any, path: str, scope: Scope, guards: Guards = frozenset()) -> Iterator[Finding]:
    """Yield the faults of the functions in a value that is used only if every condition in `guards` holds."""
    if is_call(value):
        [(name, argument)] = value.items()
        if name not in _CHECKS:
            yield Finding(path, f"uses {name}, which is not one of {', '.join(_CHECKS)}")
        else:
            yield from _CHECKS[name](argument, path, scope, guards)
    elif isinstance(value, (dict, list)):
        for key, item in _children(value):
            yield from references(item, f"{path}{key}", scope, guards)


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f".{key}", item) for key, item in value.items())
    else:
        yield from ((f"[{index}]", item) for index, item in enumerate(value))


def named_in(value: Any) -> Iterator[str]:
    """Yield every name that the functions in a value use, repetitions included."""
    if is_call(value):
        [(name, argument)] = value.items()
        first = argument[0] if isinstance(argument, list) and argument else argument
        if name in {"Ref", "Fn::GetAtt"}:
            yield str(first)
        elif name == "Fn::Sub":
            yield from (each.partition(".")[0] for each in PLACEHOLDER.findall(str(first)))
    if isinstance(value, (dict, list)):
        for _, item in _children(value):
            yield from named_in(item)


def _ref(argument: Any, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    name = str(argument)
    if name in PSEUDO or name in scope.section("Parameters"):
        return
    if scope.resource(name) is None:
        yield Finding(path, f"refers to {name}, which is neither a parameter nor a resource")
    else:
        yield from _guarded(name, path, scope, guards)


def _get_att(argument: Any, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    if not (isinstance(argument, list) and len(argument) == 2 and all(isinstance(part, str) for part in argument)):
        yield Finding(path, "must call Fn::GetAtt with a resource and an attribute")
        return
    resource, attribute = argument
    if scope.resource(resource) is None:
        hint = " (the short form is split at its last dot)" if "." in resource else ""
        yield Finding(path, f"takes {attribute} of {resource}, which is not a resource{hint}")
        return
    kind = scope.type_of(resource)
    if kind is not None and attribute not in kind.attributes:
        known = ", ".join(sorted(kind.attributes)) or "none"
        yield Finding(path, f"takes {attribute} of {resource}, which has no such attribute; known are {known}")
    yield from _guarded(resource, path, scope, guards)


def _guarded(resource: str, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    condition = scope.condition_of(resource)
    if condition and condition not in guards:
        yield Finding(path, f"uses {resource}, which exists only if {condition} holds")


def _sub(argument: Any, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    text, local = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(local, dict):
        yield Finding(path, "must call Fn::Sub with a string, or with a string and a map")
        return
    for name in PLACEHOLDER.findall(text):
        if name not in local:
            resource, dot, attribute = name.partition(".")
            check, named = (_get_att, [resource, attribute]) if dot else (_ref, name)
            yield from check(named, path, scope, guards)
    yield from references(local, path, scope, guards)


def _join(argument: Any, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
        yield Finding(path, "must call Fn::Join with a separator and a list")
        return
    yield from references(argument[1], path, scope, guards)


def _if(argument: Any, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    if not (isinstance(argument, list) and len(argument) == 3):
        yield Finding(path, "must call Fn::If with a condition and two values")
        return
    condition, then, otherwise = argument
    yield from check_condition_name(condition, path, scope)
    yield from references(then, path, scope, guards | {str(condition)})
    yield from references(otherwise, path, scope, guards)


def _equals(argument: Any, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    if not (isinstance(argument, list) and len(argument) == 2):
        yield Finding(path, "must call Fn::Equals with two values")
        return
    yield from references(argument, path, scope, guards)


def _logic(argument: Any, path: str, scope: Scope, guards: Guards) -> Iterator[Finding]:
    for operand in argument if isinstance(argument, list) else [argument]:
        name = operand.get("Condition") if isinstance(operand, dict) else operand
        if isinstance(name, str):
            yield from check_condition_name(name, path, scope)
        else:
            yield from references(operand, path, scope, guards)


def check_condition_name(name: Any, path: str, scope: Scope) -> Iterator[Finding]:
    """Yield a finding if the condition is not declared."""
    if str(name) not in scope.section("Conditions"):
        yield Finding(path, f"names the condition {name}, which does not exist")


_Check = Callable[[Any, str, Scope, Guards], Iterator[Finding]]
_CHECKS: Mapping[str, _Check] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::Not": _logic,
    "Fn::And": _logic,
    "Fn::Or": _logic,
}
