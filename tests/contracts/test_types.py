"""The TypeScript types name every property of the contracts, and mark the same ones as required."""

import json
import re
from typing import Any

import pytest

from handler.inbound.validation import REQUEST_SCHEMA, SCHEMAS

OUTCOME_SCHEMA: dict[str, Any] = json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes())
VERDICT: dict[str, Any] = OUTCOME_SCHEMA["properties"]["data"]
TYPES = (SCHEMAS / "types.d.ts").read_text()
INTERFACES = {
    name: dict(re.findall(r"^  (\w+)(\??):", body, re.MULTILINE))
    for name, body in re.findall(r"^(?:export )?interface (\w+)[^{]*\{\n(.*?)^\}", TYPES, re.MULTILINE | re.DOTALL)
}
PLAIN = {
    "ProvisionRequest": REQUEST_SCHEMA,
    "ProvisionEvent": OUTCOME_SCHEMA,
    "ProvisionError": VERDICT["properties"]["error"],
    "ProvisionViolation": VERDICT["properties"]["violations"]["items"],
    "ProvisionCall": VERDICT["properties"]["calls"]["items"],
    "ProvisionTimings": VERDICT["properties"]["timings"],
}


@pytest.mark.parametrize("name", PLAIN)
def test_interface_has_the_properties_of_its_schema(name: str) -> None:
    """Those that the schema does not require are optional."""
    members = INTERFACES[name]
    assert members.keys() == PLAIN[name]["properties"].keys()
    assert {member for member, mark in members.items() if not mark} == set(PLAIN[name]["required"])


@pytest.mark.parametrize("status", VERDICT["properties"]["status"]["enum"])
def test_verdict_has_every_property_in_each_status(status: str) -> None:
    """What a status excludes is named, too, with the type never."""
    members = {**INTERFACES["VerdictBase"], **INTERFACES[status.capitalize()]}
    assert members.keys() == VERDICT["properties"].keys()
    assert {member for member, mark in members.items() if not mark} >= set(VERDICT["required"])
