"""A request taken out of a document, and what of it configures a group."""

from dataclasses import replace

import pytest

from handler.model import Fragment, ProvisionRequest
from tests.support.samples import DOCUMENT, REQUEST


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
        ({"request_id": "REQ-2"}, True),
        ({"name": "photos2"}, False),
        ({"bucket_name": "other-bucket"}, False),
        ({"bucket_region": "cn-shanghai"}, False),
        ({"bucket_prefix": ""}, False),
        ({"bucket_prefix": "teams/a/"}, False),
    ],
)
def test_name_bucket_region_and_prefix_configure_a_group(changes: dict[str, str], same: bool) -> None:
    """The description does not, and nothing is normalised away."""
    assert (replace(REQUEST, **changes).configuration == REQUEST.configuration) is same


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (Fragment("photos", None, None), True),
        (Fragment("photos", "other-bucket", "other"), True),
        (Fragment("photos2", "holiday-bucket", "teams/a"), False),
        (Fragment(None, "holiday-bucket", "teams/a"), True),
        (Fragment(None, "holiday-bucket", "/teams/a/"), True),
        (Fragment(None, "holiday-bucket", None), True),
        (Fragment(None, "holiday-bucket", "teams/b"), False),
        (Fragment(None, "other-bucket", "teams/a"), False),
        (Fragment(None, None, "teams/a"), False),
        (Fragment(None, None, None), False),
    ],
)
def test_a_fragment_may_be_a_group_by_name_or_else_place(fragment: Fragment, expected: bool) -> None:
    """A group always has a name and a bucket, so an entry with neither is not the one that is looked for."""
    assert fragment.may_be(REQUEST) is expected
