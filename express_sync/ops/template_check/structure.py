"""The parts of a template: sections, resources, conditions and outputs, and what each depends on. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.properties import check_properties
from express_sync.ops.template_check.references import check_condition_name, named_in, references
from express_sync.ops.template_check.scope import Scope
from express_sync.ops.template_check.specification import Rule
from express_sync.ops.template_check.values import check_value

_MAP, _STRING = Rule("map"), Rule("string")
_NAMES = Rule("list", items=_STRING)
_TEMPLATE = Rule(
    "map",
    properties={
        "ROSTemplateFormatVersion": Rule("string", required=True, allowed=("2015-09-01",)),
        "Description": Rule(),
        "Metadata": _MAP,
        "Parameters": _MAP,
        "Mappings": _MAP,
        "Conditions": _MAP,
        "Resources": Rule("map", required=True),
        "Outputs": _MAP,
    },
)
_RESOURCE = Rule(
    "map",
    properties={
        "Type": Rule("string", required=True),
        "Properties": _MAP,
        "Condition": _STRING,
        "DependsOn": Rule(),
        "DeletionPolicy": Rule("string", allowed=("Delete", "Retain")),
        "Metadata": _MAP,
    },
)
_OUTPUT = Rule(
    "map",
    properties={
        "Value": Rule(required=True),
        "Description": Rule("string", required=True),
        "Condition": _STRING,
        "Label": Rule(),
        "NoEcho": Rule("boolean"),
    },
)


def check_structure(scope: Scope) -> Iterator[Finding]:
    """What is wrong with everything but the parameters."""
    for finding in _plain(scope.document, _TEMPLATE, "Template"):
        yield Finding(finding.path.removeprefix("Template."), finding.problem)
    yield from _conditions(scope)
    for name, resource in scope.section("Resources").items():
        yield from _resource(name, resource, scope)
    for name, output in scope.section("Outputs").items():
        yield from _part(output, _OUTPUT, f"Outputs.{name}", scope)
    yield from _circles(scope)


def _conditions(scope: Scope) -> Iterator[Finding]:
    conditions = scope.section("Conditions")
    parts = [*scope.section("Resources").values(), *scope.section("Outputs").values()]
    used = {str(part.get("Condition")) for part in parts if isinstance(part, dict)}
    elsewhere = repr([*conditions.values(), *parts])
    for name, condition in conditions.items():
        yield from references(condition, f"Conditions.{name}", scope)
        for named in named_in(condition):
            if scope.resource(named) is not None:
                yield Finding(f"Conditions.{name}", f"uses the resource {named}; a condition may use parameters only")
        if name not in used and f"'{name}'" not in elsewhere:
            yield Finding(f"Conditions.{name}", "is used nowhere")


def _resource(name: str, resource: Any, scope: Scope) -> Iterator[Finding]:
    path = f"Resources.{name}"
    yield from _part(resource, _RESOURCE, path, scope)
    if not isinstance(resource, dict):
        return
    kind = scope.type_of(name)
    if kind is None:
        yield Finding(f"{path}.Type", f"is {resource.get('Type')}, which the specification does not have")
    else:
        yield from check_properties(resource.get("Properties", {}), kind.rule, f"{path}.Properties", scope)
    yield from _depends_on(name, resource, scope)


def _part(part: Any, rule: Rule, path: str, scope: Scope) -> Iterator[Finding]:
    yield from _plain(part, rule, path)
    if isinstance(part, dict):
        condition = part.get("Condition")
        if condition is not None:
            yield from check_condition_name(condition, f"{path}.Condition", scope)
        guards = frozenset({str(condition)} if condition is not None else ())
        for key, value in part.items():
            yield from references(value, f"{path}.{key}", scope, guards)


def _depends_on(name: str, resource: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
    yield from _plain(_dependencies(resource), _NAMES, f"Resources.{name}.DependsOn")
    for other in map(str, _dependencies(resource)):
        if scope.resource(other) is None:
            yield Finding(f"Resources.{name}.DependsOn", f"names {other}, which is no resource")
        elif scope.condition_of(other) not in {"", str(resource.get("Condition"))}:
            problem = f"names {other}, which exists only if {scope.condition_of(other)} holds"
            yield Finding(f"Resources.{name}.DependsOn", problem)


def _dependencies(resource: Mapping[str, Any]) -> list[Any]:
    declared = resource.get("DependsOn", [])
    return declared if isinstance(declared, list) else [declared]


def _circles(scope: Scope) -> Iterator[Finding]:
    """A finding for each resource that, by what it names, depends on itself."""
    resources = {name: each for name, each in scope.section("Resources").items() if isinstance(each, dict)}
    needs = {
        name: {other for other in (*map(str, _dependencies(each)), *named_in(each)) if other in resources}
        for name, each in resources.items()
    }
    for name in resources:
        reached: set[str] = set()
        ahead = set(needs[name])
        while ahead:
            other = ahead.pop()
            reached.add(other)
            ahead |= needs[other] - reached
        if name in reached:
            yield Finding(f"Resources.{name}", "depends on itself")


def _plain(value: Any, rule: Rule, path: str) -> Iterator[Finding]:
    """Of one level: what is inside is checked by whoever knows it."""
    return check_value(value, rule, path, lambda inner, of, at: check_value(inner, of, at, lambda *_: iter(())))
