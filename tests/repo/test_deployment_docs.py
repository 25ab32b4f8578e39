"""Compares docs/deploy.md and docs/security.md with the code and template.yml."""

import json
import re
from collections.abc import Iterator

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.resolver import Stack
from express_sync.ops.deployment.template_file import load
from handler.sgw.endpoints import public_endpoint
from tests.support.checkout import DOCS, ROOT
from tests.support.regions import MAINLAND, OWN

DEPLOY = (DOCS / "deploy.md").read_text(encoding="utf-8")
SECURITY = (DOCS / "security.md").read_text(encoding="utf-8")
ENDPOINTS = dict(re.findall(r"^\| `([a-z0-9-]+)` +\| `(https://sgw\.[^`]+)`", DEPLOY, re.MULTILINE))
PARAMETERS = re.findall(r"^\| `([A-Z][A-Za-z]+)` +\| ", DEPLOY.partition("## Parameters")[2], re.MULTILINE)


def permissions() -> Iterator[tuple[str, str]]:
    """Yield every action that the role of the function allows, with its resource."""
    for policy in Stack(load().document, LOCAL_ACCOUNT).properties("FunctionRole")["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in statement["Action"]:
                for each in statement["Resource"]:
                    yield action, shortened(each)


def shortened(resource: str) -> str:
    """Return a resource in the notation of the page."""
    names = ((LOCAL_ACCOUNT.region, "REGION"), (LOCAL_ACCOUNT.account_id, "ACCOUNT"), ("express-sync", "NAMEPREFIX"))
    for name, placeholder in names:
        resource = resource.replace(name, placeholder)
    return resource.removeprefix("acs:mns:REGION:ACCOUNT:")


def test_security_page_lists_the_permissions_of_the_role() -> None:
    """A permission that is added to the role needs a reason in docs/security.md."""
    table = re.findall(r"^\| `([a-z-]+:\w+)` +\| `([^`]+)` +\| (.+?) +\|$", SECURITY, re.MULTILINE)
    assert sorted((action, resource) for action, resource, _ in table) == sorted(permissions())


@pytest.mark.parametrize("region", [*MAINLAND.split(), *OWN.split(), "us-east-1", "cn-shenzhen-finance-1"])
def test_deploy_page_lists_every_region(region: str) -> None:
    """The endpoint is the one that the function uses."""
    assert ENDPOINTS[region] == public_endpoint(region)


def test_deploy_page_lists_correct_endpoints() -> None:
    """Every row equals the result of the function."""
    assert {region: public_endpoint(region) for region in ENDPOINTS} == ENDPOINTS


def test_documented_policy_allows_exactly_the_calls() -> None:
    """An operation of ROS or OSS that is added to the code must be added to the policy."""
    policy = json.loads(DEPLOY.partition("```json\n")[2].partition("```")[0])
    allowed = {action for statement in policy["Statement"][:2] for action in statement["Action"]}
    ros = (ROOT / "express_sync" / "ops" / "deployment" / "ros.py").read_text()
    oss = (ROOT / "express_sync" / "ops" / "deployment" / "oss.py").read_text()
    called = {f"ros:{action}" for action in re.findall(r'_call\("(\w+)"', ros)}
    assert allowed == called | set(re.findall(r'_translated_errors\("(oss:\w+)"', oss))


def test_documented_parameters_exist() -> None:
    """The template may have more parameters."""
    assert PARAMETERS
    assert set(PARAMETERS) - load().parameters.keys() == set()
