"""Writes ros_spec.json, the specification of the resource types that template.yml uses; run by `make spec`.

The specification is in the wheels of Alibaba Cloud's ROS CDK, in generated JavaScript, which is read by its shape
without running it: each type has a validator with the constraints of every property, a renderer with the spelling of
ROS, and a class with the attributes. Properties are written as JSON Schema. Another shape raises ValueError.
"""

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from express_sync.local.template.parser import parse
from express_sync.ops.template_check.specification import SPECIFICATION
from express_sync.paths import TEMPLATE

Json = dict[str, Any]

_FUNCTION = re.compile(r"^function (\w+)\(properties[^)]*\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_CLASS = re.compile(r"^class (\w+) extends ros\.RosResource \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_TYPE_NAME = re.compile(r'^(\w+)\.ROS_RESOURCE_TYPE_NAME = "([^"]+)";', re.MULTILINE)
_ATTRIBUTE = re.compile(r"this\.getAtt\('([^']+)'\)")
_VALIDATED_BY = re.compile(r"(\w+)\(properties\)\.assertSuccess")
_SPELLING = re.compile(r"^\s+'([^']+)': .*\(properties\.(\w+)\),$", re.MULTILINE)
_REQUIRED = "ros.requiredValidator"
_SIMPLE: Mapping[str, Json] = {
    "ros.validateAny": {},
    "ros.validateAnyDict": {"type": "object"},
    "ros.validateString": {"type": "string"},
    "ros.validateNumber": {"type": "number"},
    "ros.validateBoolean": {"type": "boolean"},
    "ros.hashValidator(ros.validateAny)": {"type": "object"},
}


def read_wheel(path: Path) -> dict[str, Json]:
    """Return every resource type in a wheel by name: attributes, a schema of the properties, and the wheel."""
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
            "properties": shapes.object_schema(f"{name}PropsValidator"),
            "source": origin,
        }
        for name, type_name in _TYPE_NAME.findall(source)
    }


class _Shapes:
    """The objects of one generated source by the names of their validators."""

    def __init__(self, source: str) -> None:
        functions = dict(_FUNCTION.findall(source))
        self._validators: Mapping[str, str] = {name: body for name, body in functions.items() if "Validator" in name}
        self._spellings = {
            match[1]: _SPELLING.findall(body) for body in functions.values() if (match := _VALIDATED_BY.search(body))
        }

    def object_schema(self, validator: str) -> Json:
        """Return the JSON Schema of an object in the spelling of ROS."""
        if validator not in self._spellings:
            raise ValueError(f"the object for {validator} is missing")
        body = self._validators[validator]
        checks = {spelled: dict(_checks(body, own)) for spelled, own in sorted(self._spellings[validator])}
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [name for name, of in checks.items() if _REQUIRED in of],
            "properties": {name: self._schema(of) for name, of in checks.items()},
        }

    def _schema(self, checks: Mapping[str, str | None]) -> Json:
        [kind] = [check for check, argument in checks.items() if argument is None and check != _REQUIRED]
        schema = self._kind(kind)
        for check, argument in checks.items():
            if check in _CONSTRAINTS:
                schema |= _CONSTRAINTS[check](argument or "", schema.get("type", ""))
        return schema

    def _kind(self, check: str) -> Json:
        if check in _SIMPLE:
            return dict(_SIMPLE[check])
        items = re.fullmatch(r"ros\.listValidator\((.*)\)", check)
        return {"type": "array", "items": self._kind(items[1])} if items else self.object_schema(check)


def _checks(body: str, name: str) -> Iterator[tuple[str, str | None]]:
    """Yield the checks of a property, each with its argument besides the value."""
    for check, argument in re.findall(rf"propertyValidator\('{name}', (.*?)\)\((?=(.))", body):
        given = re.search(rf"propertyValidator\('{name}', {re.escape(check)}\)\((\{{.*?\}})\)\);", body, re.DOTALL)
        yield check, given[1] if given and argument == "{" else None


def _range(argument: str, _type: str) -> Json:
    return _limits(argument, ("minimum", "maximum"))


def _length(argument: str, type_: str) -> Json:
    return _limits(argument, ("minLength", "maxLength") if type_ == "string" else ("minItems", "maxItems"))


def _limits(argument: str, keywords: tuple[str, str]) -> Json:
    texts = [_given(rf"{end}: (\S+),\n", argument) for end in ("min", "max")]
    return {keyword: json.loads(text) for keyword, text in zip(keywords, texts, strict=True) if text != "undefined"}


def _choices(argument: str, _type: str) -> Json:
    return {"enum": json.loads(_given(r"allowedValues: (\[.*?\]),\n", argument))}


def _pattern(argument: str, _type: str) -> Json:
    return {"pattern": _given(r"reg: /(.*)/\n", argument)}


_CONSTRAINTS: Mapping[str, Callable[[str, str], Json]] = {
    "ros.validateRange": _range,
    "ros.validateLength": _length,
    "ros.validateAllowedValues": _choices,
    "ros.validateAllowedPattern": _pattern,
}


def _given(pattern: str, argument: str) -> str:
    match = re.search(pattern, argument, re.DOTALL)
    if match is None:
        raise ValueError(f"a check has an unexpected argument: {argument}")
    return match[1]


def specification_of(template: str, wheels: tuple[Path, ...]) -> dict[str, Json]:
    """Return the specification of every resource type in a template. Raise ClickException for a missing type."""
    known = {name: of for wheel in wheels for name, of in read_wheel(wheel).items()}
    used = sorted({resource["Type"] for resource in parse(template)["Resources"].values()})
    if missing := [name for name in used if name not in known]:
        raise click.ClickException(
            f"No wheel has {', '.join(missing)}; add its ros-cdk package to ROS_CDK_PACKAGES in the Makefile."
        )
    return {name: known[name] for name in used}


@click.command()
@click.argument("wheels", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(wheels: tuple[Path, ...]) -> None:
    """Write the specification of the template's resource types from WHEELS."""
    found = specification_of(TEMPLATE.read_text(encoding="utf-8"), wheels)
    SPECIFICATION.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    click.echo(f"{SPECIFICATION.name}: {len(found)} resource types from {len(wheels)} wheels.")


if __name__ == "__main__":
    main()
