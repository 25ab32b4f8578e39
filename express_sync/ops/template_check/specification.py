"""Loads the JSON Schemas of a template and of the resource types that the template uses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SPECIFICATION = Path(__file__).with_name("ros_spec.json")
TEMPLATE_SCHEMA: Mapping[str, Any] = json.loads(Path(__file__).with_name("template_schema.json").read_bytes())


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type: the JSON Schema of its properties, and the attributes that `Fn::GetAtt` returns."""

    schema: Mapping[str, Any]
    attributes: frozenset[str]


@cache
def specification() -> Mapping[str, ResourceType]:
    """Return every resource type that the template uses by name."""
    document = json.loads(SPECIFICATION.read_bytes())
    return {name: ResourceType(of["properties"], frozenset(of["attributes"])) for name, of in document.items()}
