"""Checks resources, conditions and outputs, and what they depend on."""

from collections.abc import Iterator, Mapping
from typing import Any

from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.references import check_condition_name, named_in, references
from express_sync.ops.template_check.schema_check import Check, check_with_functions
from express_sync.ops.template_check.scope import Scope


def check_structure(scope: Scope) -> Iterator[Finding]:
    """Yield the faults of everything except the parameters."""
    yield from _conditions(scope)
    check = check_with_functions(scope)
    for name, resource in scope.section("Resources").items():
        yield from _resource(name, resource, scope, check)
    for name, output in scope.section("Outputs").items():
        yield from _part(output, f"Outputs.{name}", scope)
    yield from _cycles(scope)


def _conditions(scope: Scope) -> Iterator[Finding]:
    conditions = scope.section("Conditions")
    parts = [*scope.section("Resources").values(), *scope.section("Outputs").values()]
    used = {str(part.get("Condition")) for part in parts if isinstance(part, dict)}
    other_uses = repr([*conditions.values(), *parts])
    for name, condition in conditions.items():
        yield from references(condition, f"Conditions.{name}", scope)
        for named in named_in(condition):
            if scope.resource(named) is not None:
                yield Finding(f"Conditions.{name}", f"uses the resource {named}; a condition may use parameters only")
        if name not in used and f"'{name}'" not in other_uses:
            yield Finding(f"Conditions.{name}", "is used nowhere")


def _resource(name: str, resource: Any, scope: Scope, check: Check) -> Iterator[Finding]:
    path = f"Resources.{name}"
    if not isinstance(resource, dict):
        return
    yield from _part(resource, path, scope)
    kind = scope.type_of(name)
    if kind is None:
        yield Finding(f"{path}.Type", "is not a type of the specification")
    else:
        yield from check(resource.get("Properties", {}), kind.schema, f"{path}.Properties")
    yield from _depends_on(name, resource, scope)


def _part(part: Any, path: str, scope: Scope) -> Iterator[Finding]:
    if isinstance(part, dict):
        condition = part.get("Condition")
        if condition is not None:
            yield from check_condition_name(condition, f"{path}.Condition", scope)
        guards = frozenset({str(condition)} if condition is not None else ())
        for key, value in part.items():
            yield from references(value, f"{path}.{key}", scope, guards)


def _depends_on(name: str, resource: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
    for other in map(str, _dependencies(resource)):
        if scope.resource(other) is None:
            yield Finding(f"Resources.{name}.DependsOn", f"names {other}, which is not a resource")
        elif scope.condition_of(other) not in {"", str(resource.get("Condition"))}:
            message = f"names {other}, which exists only if {scope.condition_of(other)} holds"
            yield Finding(f"Resources.{name}.DependsOn", message)


def _dependencies(resource: Mapping[str, Any]) -> list[Any]:
    declared = resource.get("DependsOn", [])
    return declared if isinstance(declared, list) else [declared]


def _cycles(scope: Scope) -> Iterator[Finding]:
    """Yield a finding for each resource that depends on itself, directly or indirectly."""
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
