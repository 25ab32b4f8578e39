"""The parameters of a template: their declarations, against themselves and against their use. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.references import named_in
from express_sync.ops.template_check.scope import VALUE_KINDS, Scope
from express_sync.ops.template_check.specification import Rule
from express_sync.ops.template_check.values import check_value

_STRING, _BOOLEAN, _NUMBER = Rule("string"), Rule("boolean"), Rule("number")
_DECLARATION = Rule(
    "map",
    properties={
        "Type": Rule("string", required=True, allowed=tuple(VALUE_KINDS)),
        "Description": Rule("string", required=True, length=(1, None)),
        "Label": Rule(),
        "Default": Rule(),
        "AllowedValues": Rule("list", length=(1, None)),
        "AllowedPattern": _STRING,
        "ConstraintDescription": Rule(),
        "MinLength": _NUMBER,
        "MaxLength": _NUMBER,
        "MinValue": _NUMBER,
        "MaxValue": _NUMBER,
        "NoEcho": _BOOLEAN,
        "Confirm": _BOOLEAN,
        "AssociationProperty": _STRING,
        "AssociationPropertyMetadata": Rule("map"),
    },
)

_NAMES = Rule("list", required=True, items=_STRING)
_GROUP = Rule("map", properties={"Label": Rule(), "Parameters": _NAMES})
_INTERFACE = Rule("map", properties={"ParameterGroups": Rule("list", required=True, items=_GROUP)})


def check_parameters(scope: Scope) -> Iterator[Finding]:
    """What is wrong with the parameters, with the groups that show them, and with their use: each must have one."""
    used = set(named_in({key: part for key, part in scope.document.items() if key != "Parameters"}))
    for name, declared in scope.section("Parameters").items():
        path = f"Parameters.{name}"
        faults = list(_plain(declared, _DECLARATION, path))
        yield from faults
        if not faults:
            yield from _values(declared, path)
        if name not in used:
            yield Finding(path, "is used nowhere")
        if scope.resource(name) is not None:
            yield Finding(path, "is also the name of a resource")
    yield from _groups(scope)


def _values(declared: Mapping[str, Any], path: str) -> Iterator[Finding]:
    pattern = declared.get("AllowedPattern", "")
    try:
        re.compile(pattern)
    except re.error as error:
        yield Finding(f"{path}.AllowedPattern", f"is no regular expression: {error}")
        return
    rule = Rule(
        VALUE_KINDS[declared["Type"]],
        allowed=tuple(declared.get("AllowedValues", ())),
        within=(declared.get("MinValue"), declared.get("MaxValue")),
        length=(declared.get("MinLength"), declared.get("MaxLength")),
        pattern=pattern,
    )
    if "Default" in declared:
        yield from _plain(declared["Default"], rule, f"{path}.Default")
    for index, value in enumerate(declared.get("AllowedValues", ())):
        yield from _plain(value, Rule(rule.kind, pattern=pattern), f"{path}.AllowedValues[{index}]")


def _groups(scope: Scope) -> Iterator[Finding]:
    path = "Metadata.ALIYUN::ROS::Interface"
    interface = scope.section("Metadata").get("ALIYUN::ROS::Interface", {"ParameterGroups": []})
    if faults := list(_plain(interface, _INTERFACE, path)):
        yield from faults
        return
    groups, parameters = interface["ParameterGroups"], scope.section("Parameters")
    shown = [name for group in groups for name in group["Parameters"]]
    for name in shown:
        if name not in parameters:
            yield Finding(path, f"shows {name}, which is no parameter")
    for name in parameters if groups else ():
        if shown.count(name) != 1:
            yield Finding(path, f"shows {name} {shown.count(name)} times instead of once")


def _plain(value: Any, rule: Rule, path: str) -> Iterator[Finding]:
    return check_value(value, rule, path, _plain)
