"""The resource specification that is in the wheels of Alibaba Cloud's ROS CDK: in the JavaScript generated from it.

Reads that generator's output by its shape, without running it: for each type a validator, which says what every
property must be, a renderer, which says how ROS spells it, and a class with the attributes. ValueError where the shape
is another. Must not know which types are wanted.
"""

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_FUNCTION = re.compile(r"^function (\w+)\(properties[^)]*\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_CLASS = re.compile(r"^class (\w+) extends ros\.RosResource \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_TYPE_NAME = re.compile(r'^(\w+)\.ROS_RESOURCE_TYPE_NAME = "([^"]+)";', re.MULTILINE)
_ATTRIBUTE = re.compile(r"this\.getAtt\('([^']+)'\)")
_VALIDATED_BY = re.compile(r"(\w+)\(properties\)\.assertSuccess")
_SPELLING = re.compile(r"^\s+'([^']+)': .*\(properties\.(\w+)\),$", re.MULTILINE)
_SIMPLE = {"ros.validateString": "string", "ros.validateNumber": "number", "ros.validateBoolean": "boolean"}
_ITEMS = {"ros.validateAny": "any", "ros.validateString": "string", "ros.validateAnyDict": "anydict"}


def read_wheel(path: Path) -> dict[str, Json]:
    """Every resource type in a wheel, by name, with its attributes, properties, and the wheel's name and version."""
    name, version = path.name.split("-")[:2]
    with zipfile.ZipFile(path) as wheel:
        [packed] = [each for each in wheel.namelist() if each.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(wheel.read(packed))) as package:
            return _types(_generated(package), f"{name.replace('_', '-')} {version}")


def _generated(package: tarfile.TarFile) -> str:
    [member] = [each for each in package.getmembers() if re.fullmatch(r"package/lib/\w+\.generated\.js", each.name)]
    source = package.extractfile(member)
    if source is None:
        raise ValueError(f"{member.name} is not a file")
    return source.read().decode()


def _types(source: str, origin: str) -> dict[str, Json]:
    shapes = _Shapes(source)
    attributes = {name: sorted(set(_ATTRIBUTE.findall(body))) for name, body in _CLASS.findall(source)}
    return {
        type_name: {
            "attributes": attributes[name],
            "properties": shapes.properties(f"{name}PropsValidator"),
            "source": origin,
        }
        for name, type_name in _TYPE_NAME.findall(source)
    }


class _Shapes:
    """The maps of one generated source, found by the name of their validator."""

    def __init__(self, source: str) -> None:
        functions = dict(_FUNCTION.findall(source))
        self._validators: Mapping[str, str] = {name: body for name, body in functions.items() if "Validator" in name}
        self._spellings = {
            match[1]: _SPELLING.findall(body) for body in functions.values() if (match := _VALIDATED_BY.search(body))
        }

    def properties(self, validator: str) -> Json:
        """What each property of the map must be, under ROS's spelling."""
        if validator not in self._spellings:
            raise ValueError(f"there is no map that {validator} is for")
        body = self._validators[validator]
        return {spelled: self._property(body, own) for spelled, own in sorted(self._spellings[validator])}

    def _property(self, body: str, name: str) -> Json:
        checks = dict(_checks(body, name))
        [kind] = [check for check, argument in checks.items() if argument is None and check != "ros.requiredValidator"]
        found = {**self._kind(kind), **_constraints(checks)}
        return {**found, "required": True} if "ros.requiredValidator" in checks else found

    def _kind(self, check: str) -> Json:
        if check in _SIMPLE:
            return {"type": _SIMPLE[check]}
        if check == "ros.hashValidator(ros.validateAny)":
            return {"type": "map"}
        inner = re.fullmatch(r"ros\.listValidator\((.*)\)", check)
        if inner is None:
            return {"type": "map", "props": self.properties(check)}
        if inner[1] in _ITEMS:
            return {"type": "list", "items": _ITEMS[inner[1]]}
        return {"type": "list", "props": self.properties(inner[1])}


def _checks(body: str, name: str) -> Iterator[tuple[str, str | None]]:
    """What is called for a property: the check, and what it is given besides the value."""
    for check, argument in re.findall(rf"propertyValidator\('{name}', (.*?)\)\((?=(.))", body):
        given = re.search(rf"propertyValidator\('{name}', {re.escape(check)}\)\((\{{.*?\}})\)\);", body, re.DOTALL)
        yield check, given[1] if given and argument == "{" else None


def _constraints(checks: Mapping[str, str | None]) -> Json:
    constraints = {check: _CONSTRAINTS[check] for check in checks if check in _CONSTRAINTS}
    return {name: read(checks[check] or "") for check, (name, read) in constraints.items()}


def _bounds(argument: str) -> list[float | None]:
    return [json.loads(_given(rf"{end}: (\S+),\n", argument).replace("undefined", "null")) for end in ("min", "max")]


def _choices(argument: str) -> list[str]:
    choices: list[str] = json.loads(_given(r"allowedValues: (\[.*?\]),\n", argument))
    return choices


def _pattern(argument: str) -> str:
    return _given(r"reg: /(.*)/\n", argument)


_CONSTRAINTS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "ros.validateRange": ("range", _bounds),
    "ros.validateLength": ("length", _bounds),
    "ros.validateAllowedValues": ("enum", _choices),
    "ros.validateAllowedPattern": ("pattern", _pattern),
}


def _given(pattern: str, argument: str) -> str:
    match = re.search(pattern, argument, re.DOTALL)
    if match is None:
        raise ValueError(f"a check is not given what it should be: {argument}")
    return match[1]
