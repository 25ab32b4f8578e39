"""Bundles the AsyncAPI document: one file without references to others, as browsers and most tools need it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def bundle(source: Path) -> dict[str, Any]:
    """Return the document with every reference to another file replaced by the content of that file.

    A schema becomes a component once, to which references point; anything else, an example, is put in its place.
    """
    document: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    schemas: dict[str, Any] = {}
    bundled: dict[str, Any] = _bundled(document, source.parent, schemas)
    components = bundled["components"]
    return {**bundled, "components": {**components, "schemas": schemas}}


def _bundled(value: Any, folder: Path, schemas: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_bundled(each, folder, schemas) for each in value]
    if not isinstance(value, Mapping):
        return value
    reference = value.get("$ref", "#")
    if reference.startswith("#"):
        return {key: _bundled(each, folder, schemas) for key, each in value.items()}
    content = json.loads((folder / reference).read_bytes())
    if "$schema" not in content:
        return content
    name = "".join(word.capitalize() for word in Path(reference).name.split(".")[0].split("-"))
    schemas[name] = content
    return {"$ref": f"#/components/schemas/{name}"}
