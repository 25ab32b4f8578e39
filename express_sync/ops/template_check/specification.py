"""What ROS's resource types take and give, as `ros_spec.json` has it. Knows no template."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SPECIFICATION = Path(__file__).with_name("ros_spec.json")
Bounds = tuple[float | None, float | None]
ANY = "any"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one value must be; bounds are inclusive, None where there is none.

    `kind` is string, number, boolean, map, list or any; `items` is what each item of a list must be, `properties` what
    a map may have, None if that is left open.
    """

    kind: str = ANY
    required: bool = False
    allowed: tuple[str, ...] = ()
    within: Bounds = (None, None)
    length: Bounds = (None, None)
    pattern: str = ""
    items: "Rule | None" = None
    properties: "Mapping[str, Rule] | None" = None


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource type: its properties, as of a map, and the attributes that `Fn::GetAtt` gives."""

    rule: Rule
    attributes: frozenset[str]


@cache
def specification() -> Mapping[str, ResourceType]:
    """Every resource type that the template uses, by name."""
    document = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    return {name: _resource_type(of) for name, of in document.items()}


def _resource_type(of: Mapping[str, Any]) -> ResourceType:
    return ResourceType(Rule("map", properties=_rules(of["properties"])), frozenset(of["attributes"]))


def _rules(properties: Mapping[str, Any]) -> dict[str, Rule]:
    return {name: _rule(of) for name, of in properties.items()}


def _rule(of: Mapping[str, Any]) -> Rule:
    is_list = of["type"] == "list"
    nested = _rules(of["props"]) if "props" in of else None
    return Rule(
        kind=of["type"],
        required=of.get("required", False),
        allowed=tuple(of.get("enum", ())),
        within=tuple(of.get("range", (None, None))),
        length=tuple(of.get("length", (None, None))),
        pattern=of.get("pattern", ""),
        items=_item(of, nested) if is_list else None,
        properties=None if is_list else nested,
    )


def _item(of: Mapping[str, Any], nested: Mapping[str, Rule] | None) -> Rule:
    return Rule("map", properties=nested) if nested is not None else Rule(_ITEMS[of["items"]])


_ITEMS = {"string": "string", "any": ANY, "anydict": "map"}
