"""Checks the parameters of a template: their values, their use, and the groups that display them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.references import named_in
from express_sync.ops.template_check.schema_check import check_plain
from express_sync.ops.template_check.scope import Scope

_INTERFACE = "Metadata.ALIYUN::ROS::Interface"
_KEYWORDS = {
    "AllowedValues": "enum",
    "AllowedPattern": "pattern",
    "MinLength": "minLength",
    "MaxLength": "maxLength",
    "MinValue": "minimum",
    "MaxValue": "maximum",
}


def check_parameters(scope: Scope, shape: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the faults of parameters and groups whose shape has no finding."""
    used = set(named_in({key: part for key, part in scope.document.items() if key != "Parameters"}))
    for name, declaration in scope.section("Parameters").items():
        path = f"Parameters.{name}"
        if not _has_finding(path, shape):
            yield from _values(declaration, path)
        if name not in used:
            yield Finding(path, "is used nowhere")
        if scope.resource(name) is not None:
            yield Finding(path, "is also the name of a resource")
    if not _has_finding(_INTERFACE, shape):
        yield from _groups(scope)


def _has_finding(path: str, shape: Sequence[Finding]) -> bool:
    return any(f"{each.path}.".startswith((f"{path}.", f"{path}[")) for each in shape)


def _values(declaration: Mapping[str, Any], path: str) -> Iterator[Finding]:
    try:
        re.compile(declaration.get("AllowedPattern", ""))
    except re.error as error:
        yield Finding(f"{path}.AllowedPattern", f"is not a regular expression: {error}")
        return
    schema = {keyword: declaration[key] for key, keyword in _KEYWORDS.items() if key in declaration}
    schema["type"] = declaration["Type"].lower()
    if "Default" in declaration:
        yield from check_plain(declaration["Default"], schema, f"{path}.Default")
    schema.pop("enum", None)
    for index, value in enumerate(declaration.get("AllowedValues", ())):
        yield from check_plain(value, schema, f"{path}.AllowedValues[{index}]")


def _groups(scope: Scope) -> Iterator[Finding]:
    interface = scope.section("Metadata").get("ALIYUN::ROS::Interface", {"ParameterGroups": []})
    groups, parameters = interface["ParameterGroups"], scope.section("Parameters")
    displayed = [name for group in groups for name in group["Parameters"]]
    for name in displayed:
        if name not in parameters:
            yield Finding(_INTERFACE, f"displays {name}, which is not a parameter")
    for name in parameters if groups else ():
        if displayed.count(name) != 1:
            yield Finding(_INTERFACE, f"displays {name} {displayed.count(name)} times instead of once")
