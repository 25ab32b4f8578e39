"""The names of one template and what each may be: parameters, conditions, resources, pseudo parameters. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from express_sync.ops.template_check.specification import ResourceType

PSEUDO = frozenset(
    f"ALIYUN::{name}"
    for name in ("AccountId", "NoValue", "Region", "StackId", "StackName", "TenantId")  # those that are of use here
)
VALUE_KINDS = {"String": "string", "Number": "number", "Boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in `document`, whose resources are of the types in `types`."""

    document: Mapping[str, Any]
    types: Mapping[str, ResourceType]

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the template, empty if it has none or if that is no map."""
        section = self.document.get(name)
        return section if isinstance(section, dict) else {}

    def resource(self, name: str) -> Mapping[str, Any] | None:
        """A resource's declaration, None if there is none of that name."""
        declared = self.section("Resources").get(name)
        return declared if isinstance(declared, dict) else None

    def type_of(self, name: str) -> ResourceType | None:
        """The type of a resource, None if the specification does not have it."""
        return self.types.get(str((self.resource(name) or {}).get("Type")))

    def condition_of(self, name: str) -> str:
        """The condition under which a resource exists, empty if it always does."""
        return str((self.resource(name) or {}).get("Condition", ""))

    def possible_values(self, parameter: str) -> tuple[Any, ...]:
        """The values of a parameter that tell how far it may go: its default, its choices, its bounds.

        An empty default says that the parameter is to be given, and tells nothing.
        """
        rules = self.section("Parameters").get(parameter)
        if not isinstance(rules, dict):
            return ()
        choices = rules.get("AllowedValues")
        named = [rules.get(key) for key in ("Default", "MinValue", "MaxValue")]
        named += choices if isinstance(choices, list) else []
        return tuple(value for value in named if value is not None and value != "")
