"""The hints for the form libraries that have no place in a JSON Schema: order, placeholders, and several lines."""

from collections.abc import Mapping
from typing import Any

_SEVERAL_LINES = ("description",)


def rjsf(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `uiSchema` for react-jsonschema-form; it also fits a schema with fewer properties."""
    fields = {name: rjsf_field(name, each) for name, each in schema["properties"].items()}
    return {"ui:order": [*fields, "*"], **fields}


def rjsf_field(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hints for one field, which Backstage takes inside of the schema."""
    lines = {"ui:widget": "textarea", "ui:options": {"rows": 3}} if name in _SEVERAL_LINES else {}
    return {"ui:placeholder": schema["examples"][0], **lines}


def json_forms(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `uischema` for JSON Forms."""
    controls = [
        {
            "type": "Control",
            "scope": f"#/properties/{name}",
            "options": {
                "placeholder": each["examples"][0],
                "showUnfocusedDescription": True,
                **({"multi": True} if name in _SEVERAL_LINES else {}),
            },
        }
        for name, each in schema["properties"].items()
    ]
    return {"type": "VerticalLayout", "elements": controls}
