"""A request built from a document, and its configuration."""

from dataclasses import replace

import pytest

from handler.model import Fragment, ProvisionRequest
from tests.support.samples import DOCUMENT, REQUEST


def test_request_has_what_configures_its_group() -> None:
    """The requester is not part of it."""
    assert ProvisionRequest.of(DOCUMENT) == REQUEST


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
def test_unreadable_entry_may_be_the_group_by_name_or_place(fragment: Fragment, expected: bool) -> None:
    """A group always has a name and a bucket, so an entry with neither cannot be the requested one."""
    assert fragment.may_be(REQUEST) is expected


@pytest.mark.parametrize(
    ("shown", "requested", "expected"),
    [
        ("teams/a", "teams/a/", True),
        ("Xteams/a", "teams/a", False),
        ("teams/a", "Xteams/a", False),
        (" teams/a", "teams/a", False),
    ],
)
def test_prefix_of_an_unreadable_entry_counts_but_for_slashes(shown: str, requested: str, expected: bool) -> None:
    """The API may return a prefix without the slashes at its ends."""
    entry = Fragment(None, REQUEST.bucket_name, shown)
    assert entry.may_be(replace(REQUEST, bucket_prefix=requested)) is expected
