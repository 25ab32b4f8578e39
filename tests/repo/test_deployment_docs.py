"""docs/deploy.md and docs/security.md against the code and template.yml: nothing missing, nothing that is not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.resolver import Stack
from express_sync.ops.deployment.template_file import load
from handler.sgw.endpoints import public_endpoint
from tests.support.regions import MAINLAND, OWN

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ENDPOINTS = dict(re.findall(r"^\| `([a-z0-9-]+)` +\| `(https://sgw\.[^`]+)`", DEPLOY, re.MULTILINE))
PARAMETERS = re.findall(r"^\| `([A-Z][A-Za-z]+)` +\| ", DEPLOY.partition("## Parameters")[2], re.MULTILINE)


def rights() -> Iterator[tuple[str, str]]:
    """Every action of the function's role and a resource that it is allowed on."""
    for policy in Stack(load().document, LOCAL_ACCOUNT).properties("FunctionRole")["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in statement["Action"]:
                for each in statement["Resource"]:
                    yield action, shortened(each)


def shortened(resource: str) -> str:
    """The resource as the page writes it."""
    names = ((LOCAL_ACCOUNT.region, "REGION"), (LOCAL_ACCOUNT.account_id, "ACCOUNT"), ("express-sync", "NAMEPREFIX"))
    for name, placeholder in names:
        resource = resource.replace(name, placeholder)
    return resource.removeprefix("acs:mns:REGION:ACCOUNT:")


def test_the_table_of_rights_is_the_template_s() -> None:
    """A right that is added to the role, or taken from it, is added to docs/security.md with a reason or taken away."""
    table = re.findall(r"^\| `([a-z-]+:\w+)` +\| `([^`]+)` +\| (.+?) +\|$", SECURITY, re.MULTILINE)
    assert sorted((action, resource) for action, resource, _ in table) == sorted(rights())


@pytest.mark.parametrize("region", [*MAINLAND.split(), *OWN.split(), "us-east-1", "cn-shenzhen-finance-1"])
def test_every_documented_region_is_in_the_table_of_endpoints(region: str) -> None:
    """With the endpoint that the function uses."""
    assert ENDPOINTS[region] == public_endpoint(region)


def test_the_table_of_endpoints_holds_no_other() -> None:
    """Each row is what the function does."""
    assert {region: public_endpoint(region) for region in ENDPOINTS} == ENDPOINTS


def test_the_policy_allows_exactly_what_the_commands_call() -> None:
    """Of ROS and OSS; an operation that is added to the code is added to the policy."""
    policy = json.loads(DEPLOY.partition("```json\n")[2].partition("```")[0])
    allowed = {action for statement in policy["Statement"][:2] for action in statement["Action"]}
    ros = (ROOT / "express_sync" / "ops" / "deployment" / "ros.py").read_text()
    oss = (ROOT / "express_sync" / "ops" / "deployment" / "oss.py").read_text()
    called = {f"ros:{action}" for action in re.findall(r'_do\("(\w+)"', ros)}
    assert allowed == called | set(re.findall(r'_asking\("(oss:\w+)"', oss))


@pytest.mark.parametrize(
    "name", re.findall(r"^\| `([A-Z][A-Za-z]+)` +\| ", DEPLOY.partition("## Parameters")[2], re.MULTILINE)
)
def test_a_parameter_that_is_described_exists(name: str) -> None:
    """The template may have more."""
    assert name in load().parameters


def test_every_test_of_the_table_of_threats_exists() -> None:
    """A defence without a test is a claim."""
    named = set(re.findall(r"`(test_\w+)`", SECURITY))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 10
    assert {name for name in named if f"def {name}(" not in tests} == set()
