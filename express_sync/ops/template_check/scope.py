"""The names of one template: parameters, conditions, resources, pseudo parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from express_sync.ops.template_check.specification import ResourceType

PSEUDO = frozenset(f"ALIYUN::{name}" for name in ("AccountId", "NoValue", "Region", "StackId", "StackName", "TenantId"))


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of `document`, whose resources have the types `types`."""

    document: Mapping[str, Any]
    types: Mapping[str, ResourceType]

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the template, empty if it is missing or not a map."""
        section = self.document.get(name)
        return section if isinstance(section, dict) else {}

    def resource(self, name: str) -> Mapping[str, Any] | None:
        """Return the declaration of a resource, or None."""
        declaration = self.section("Resources").get(name)
        return declaration if isinstance(declaration, dict) else None

    def type_of(self, name: str) -> ResourceType | None:
        """Return the type of a resource, None if the specification does not contain it."""
        return self.types.get(str((self.resource(name) or {}).get("Type")))

    def condition_of(self, name: str) -> str:
        """Return the condition under which a resource exists, empty if it always exists."""
        return str((self.resource(name) or {}).get("Condition", ""))

    def possible_values(self, parameter: str) -> tuple[Any, ...]:
        """Return the known values of a parameter: its default, its choices and its limits.

        An empty default is not one of them, because the parameter then has to be given.
        """
        declaration = self.section("Parameters").get(parameter)
        if not isinstance(declaration, dict):
            return ()
        choices = declaration.get("AllowedValues")
        values = [declaration.get(key) for key in ("Default", "MinValue", "MaxValue")]
        values += choices if isinstance(choices, list) else []
        return tuple(value for value in values if value is not None and value != "")
