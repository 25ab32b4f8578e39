"""The README and the page for portal developers show contracts as they are."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handler.inbound.validation import REQUEST_SCHEMA, violations

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PORTAL = (ROOT / "docs" / "portal-developers.md").read_text(encoding="utf-8")


def examples() -> list[Any]:
    """Return the JSON documents of the README, in order."""
    return [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", README, re.DOTALL | re.MULTILINE)]


def test_readme_shows_a_valid_request_on_its_first_screen() -> None:
    request, _ = examples()
    assert violations(request) == ()
    assert README.index(request["requestId"]) < 1500


def test_readme_shows_a_part_of_the_outcome_sample() -> None:
    request, outcome = examples()
    sample = json.loads((ROOT / "events" / "outcomes" / "succeeded.json").read_bytes())
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


def test_every_linked_file_exists() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in link
    ]
    missing = [(page.name, link) for page, link in links if not (page.parent / link).exists()]
    assert missing == []
