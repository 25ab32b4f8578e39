"""Everything in `schemas/` that is made from the contracts, except for the compiled validator."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.forms import backstage, ui_schemas
from tools.forms.asyncapi import bundle
from tools.forms.texts import LANGUAGES, catalogue

SCHEMAS = Path(__file__).parents[2] / "schemas"
_NOTE = "# Made by `make forms` from provision-request.v1.json. Set `owner`; the proxy is the portal's address.\n"


def documents() -> dict[str, str]:
    """Return the text of every document by its path in `schemas/`."""
    schema: Mapping[str, Any] = json.loads((SCHEMAS / "provision-request.v1.json").read_bytes())
    made: dict[str, Any] = {f"forms/catalogue.{each}.json": catalogue(schema, each) for each in LANGUAGES}
    made["forms/rjsf.ui.json"] = ui_schemas.rjsf(schema)
    made["forms/jsonforms.ui.json"] = ui_schemas.json_forms(schema)
    made["asyncapi.bundle.json"] = bundle(SCHEMAS / "asyncapi.yaml")
    template = yaml.safe_dump(backstage.template(schema), sort_keys=False, allow_unicode=True, width=1000)
    texts = {path: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for path, document in made.items()}
    return {**texts, "forms/backstage/template.yaml": _NOTE + template}
