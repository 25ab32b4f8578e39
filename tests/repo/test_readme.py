"""The README and the page for portal developers show contracts as they are."""

import json
import re
from collections.abc import Mapping
from typing import Any

from handler.inbound.validation import REQUEST_SCHEMA, violations
from handler.model import Deferred, Failed, Indeterminate, Rejected, Succeeded
from tests.support.checkout import DOCS, OUTCOMES, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
OUTCOME_SCHEMA = json.loads((ROOT / "schemas" / "provision-outcome.v1.json").read_bytes())
STATUSES = [kind.status for kind in (Succeeded, Rejected, Deferred, Failed, Indeterminate)]
PORTAL = (DOCS / "portal-developers.md").read_text(encoding="utf-8")


def examples() -> list[Any]:
    """Return the JSON documents of the README, in order."""
    return [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", README, re.DOTALL | re.MULTILINE)]


def test_readme_shows_a_valid_request_on_its_first_screen() -> None:
    request, _ = examples()
    assert violations(request) == ()
    assert README.index(request["requestId"]) < 1500


def test_readme_shows_a_part_of_the_outcome_sample() -> None:
    request, outcome = examples()
    sample = json.loads((OUTCOMES / "succeeded.json").read_bytes())
    assert is_part(outcome, sample)
    assert outcome["subject"] == request["requestId"]


def is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, Mapping):
        return all(name in whole and is_part(value, whole[name]) for name, value in part.items())
    return bool(part == whole)


def test_portal_page_lists_every_property_of_a_request() -> None:
    rows = re.findall(r"^\| `(\w+)` +\| (yes|no) +\|", PORTAL, re.MULTILINE)
    required = REQUEST_SCHEMA["required"]
    assert rows == [(name, "yes" if name in required else "no") for name in REQUEST_SCHEMA["properties"]]


def test_portal_page_names_fields_of_the_outcome_contract() -> None:
    """`data.error.retryable` is the field `retryable` of the definition that `data.error` refers to."""
    named = re.findall(r"`data\.(\w+)(?:\.(\w+))?`", PORTAL)
    assert len(named) > 8
    data = OUTCOME_SCHEMA["properties"]["data"]["properties"]
    assert [name for name, _ in named if name not in data] == []
    assert [inner for _, inner in named if inner and f'"{inner}":' not in json.dumps(OUTCOME_SCHEMA)] == []


def test_readme_explains_every_status() -> None:
    statuses = re.findall(r"^\| `(\w+)` +\| ", README.partition("## How it works")[2].partition("## ")[0], re.MULTILINE)
    assert statuses == list(STATUSES)


def test_portal_example_is_valid_python() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PORTAL, re.DOTALL | re.MULTILINE)
    compile(code, "portal-developers.md", "exec")
