"""A request built from a document, and its configuration."""

import json
from dataclasses import astuple, replace

import pytest

from handler.inbound.validation import SCHEMAS
from handler.model import ProvisionRequest
from tests.support.samples import DOCUMENT, REQUEST


def test_request_has_what_configures_its_group() -> None:
    """The requester is not part of it."""
    assert ProvisionRequest.of(DOCUMENT) == REQUEST


def test_request_has_every_property_but_its_requester() -> None:
    """A property that the contract allows and nothing carries to the API would be lost in silence."""
    contract = json.loads((SCHEMAS / "provision-request.v1.json").read_bytes())
    document = {name: f"the {name}" for name in contract["properties"]}
    carried = sorted(text for name, text in document.items() if name != "requester")
    assert sorted(astuple(ProvisionRequest.of(document))) == carried


def test_missing_property_of_a_request_is_empty() -> None:
    """No prefix means the whole bucket."""
    needed = {name: DOCUMENT[name] for name in ("requestId", "name", "bucketName", "bucketRegion")}
    assert ProvisionRequest.of(needed) == ProvisionRequest("REQ-1", "photos", "holiday-bucket", "cn-hangzhou", "", "")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"description": "other words"}, True),
        ({"request_id": "REQ-2"}, True),
        ({"name": "photos2"}, False),
        ({"bucket_name": "other-bucket"}, False),
        ({"bucket_region": "cn-shanghai"}, False),
        ({"bucket_prefix": ""}, False),
        ({"bucket_prefix": "teams/a/"}, False),
    ],
)
def test_configuration_is_name_bucket_region_and_prefix(changes: dict[str, str], same: bool) -> None:
    """The description is not part of it, and nothing is normalised."""
    assert (replace(REQUEST, **changes).configuration == REQUEST.configuration) is same
