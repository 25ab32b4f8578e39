"""The texts of the form in each language: those of the schema in English, the others from the files beside this one."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
_LIMITS = ("minLength", "maxLength")


def catalogue(schema: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return every text of a form by its key, as JSON Forms asks for them (`name.label`, `name.error.pattern`)."""
    texts = json.loads((Path(__file__).parent / f"texts.{language}.json").read_bytes())
    stated = texts if "properties" in texts else {**texts, **_stated(schema)}
    entries = {"form.title": stated["title"], "form.description": stated["description"]}
    for name, property_schema in schema["properties"].items():
        entries.update(_entries(name, property_schema, stated))
    return {**entries, **{f"error.{rule}": stated[rule] for rule in ("required", "type", "additionalProperties")}}


def _stated(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts in the schema itself, in the form of a file of texts."""
    properties = {
        name: {**{key: each[key] for key in ("title", "description")}, **each["errorMessage"]}
        for name, each in schema["properties"].items()
    }
    return {"title": schema["title"], "description": schema["description"], "properties": properties}


def _entries(name: str, schema: Mapping[str, Any], stated: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    own = stated["properties"][name]
    yield f"{name}.label", own["title"]
    yield f"{name}.description", own["description"]
    yield f"{name}.error.required", stated["required"]
    for rule in _LIMITS:
        if rule in schema:
            is_not_empty = (rule, schema[rule]) == ("minLength", 1)
            text = stated["notEmpty"] if is_not_empty else stated[rule].format(limit=schema[rule])
            yield f"{name}.error.{rule}", text
    for rule in schema["errorMessage"]:
        yield f"{name}.error.{rule}", own[rule]
