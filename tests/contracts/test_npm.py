"""Programs in JavaScript and TypeScript: the types fit every sample, the SDK of CloudEvents keeps events valid."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from handler.inbound.validation import REQUEST_SCHEMA, SCHEMAS, violations
from tests.support.checkout import OUTCOMES, REQUESTS, ROOT
from tests.support.node import install, run_node_with

PACKAGES = Path(__file__).parent / "npm"
COMPILER = ROOT / "tools" / "forms"
SAMPLES = [json.loads(path.read_bytes()) for path in sorted(OUTCOMES.glob("*.json"))]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the SDK and the TypeScript compiler."""
    return install(PACKAGES, tmp_path_factory.mktemp("readers"), ["round_trip.mjs", "narrowing.ts", "tsconfig.json"])


def test_javascript_sdk_writes_valid_outcomes_back(installed: Path) -> None:
    """It changes nothing."""
    lines = "\n".join(json.dumps(outcome) for outcome in SAMPLES)
    written = run_node_with("round_trip.mjs", given=lines, folder=installed)
    assert [json.loads(line) for line in written.splitlines()] == SAMPLES


def sample_requests() -> list[Any]:
    """Return every sample that is one valid request, and the examples of the schema."""
    paths = sorted(REQUESTS.glob("*.json"))
    found = [json.loads(path.read_bytes()) for path in paths]
    return [*REQUEST_SCHEMA["examples"], *(each for each in found if not violations(each))]


def test_types_fit_every_sample_and_tell_the_statuses_apart(installed: Path) -> None:
    """The compiler is as strict as it can be; it also refuses what no event has."""
    shutil.copy(SCHEMAS / "types.d.ts", installed)
    typed = [("ProvisionOutcome", outcome) for outcome in SAMPLES]
    typed += [("ProvisionRequest", request) for request in sample_requests()]
    lines = [f"export const sample{n}: {name} = {json.dumps(value)};" for n, (name, value) in enumerate(typed)]
    lines.insert(0, 'import type {ProvisionOutcome, ProvisionRequest} from "./types";')
    (installed / "samples.ts").write_text("\n".join(lines))
    assert run_node_with("node_modules/typescript/bin/tsc", folder=installed) == ""


def test_compiled_validator_is_what_its_compiler_makes(tmp_path: Path) -> None:
    """`make forms` would write the same."""
    folder = install(COMPILER, tmp_path, ["validator.mjs"])
    schema = str(SCHEMAS / "provision-request.v1.json")
    made = run_node_with("validator.mjs", schema, folder=folder)
    assert made == (SCHEMAS / "forms" / "request.validate.mjs").read_text()
