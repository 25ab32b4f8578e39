"""The words of the trade: a request out of a document, and when a group is the one a request asks for."""

import pytest

from handler.model import ProvisionRequest
from tests.unit.fakes import DOCUMENT, REQUEST, group_of


def test_a_request_takes_what_configures_a_group_from_its_document() -> None:
    """Who asks is the portal's affair and stays out."""
    assert ProvisionRequest.of(DOCUMENT) == REQUEST


def test_what_a_document_leaves_out_is_empty() -> None:
    """No prefix means the whole bucket."""
    needed = {name: DOCUMENT[name] for name in ("requestId", "name", "bucketName", "bucketRegion")}
    assert ProvisionRequest.of(needed) == ProvisionRequest("REQ-1", "photos", "holiday-bucket", "cn-hangzhou", "", "")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"description": "other words"}, True),
        ({"express_sync_id": "sync-other"}, True),
        ({"name": "photos2"}, False),
        ({"bucket_name": "other-bucket"}, False),
        ({"bucket_region": "cn-shanghai"}, False),
        ({"bucket_prefix": ""}, False),
        ({"bucket_prefix": "teams/a/"}, False),
    ],
)
def test_name_bucket_region_and_prefix_configure_a_group(changes: dict[str, str], same: bool) -> None:
    """The description does not, and nothing is normalised away."""
    assert group_of(**changes).is_configured_as(REQUEST) is same
