"""Checks the shape of a template: which sections are maps, and of which types their elements are.

Reproduces: the sections of the help page on the structure of ROS templates. Does not reproduce: the check of
properties, which depend on the type of a resource; functions are checked when they are evaluated. Chosen: the wording.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_NUMBER = (int, float)
_NAMES: Mapping[Any, str] = {str: "a string", dict: "a map", list: "a list", _NUMBER: "a number"}
# Section -> what each of its members must have, and the types of what it may have. Conditions are functions.
_REQUIRED: Mapping[str, str] = {"Resources": "Type", "Outputs": "Value"}
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "Parameters": {"AllowedValues": list, "AllowedPattern": str, "MinValue": _NUMBER, "MaxValue": _NUMBER},
    "Conditions": {},
    "Resources": {"Type": str, "Properties": dict, "Condition": str},
    "Outputs": {"Condition": str},
}


def faults(document: Mapping[str, Any]) -> Iterator[str]:
    """Return what is wrong with the shape of a template, one text for each fault."""
    for section, types in _TYPES.items():
        members = document.get(section) or {}
        if not isinstance(members, dict):
            yield f"{section} is not a map"
        elif section != "Conditions":
            for name, member in members.items():
                yield from _faults_of(f"{section}.{name}", member, types, _REQUIRED.get(section))


def _faults_of(path: str, member: Any, types: Mapping[str, Any], required: str | None) -> Iterator[str]:
    if not isinstance(member, dict):
        yield f"{path} is not a map"
        return
    if required and required not in member:
        yield f"{path}.{required} is missing"
    for name, kind in types.items():
        if name in member and not isinstance(member[name], kind):
            yield f"{path}.{name} is not {_NAMES[kind]}"
