"""Documented behaviour of Cloud Storage Gateway, seen through its official SDK; creates nothing in the account."""

import pytest
from alibabacloud_sgw20180511.client import Client
from alibabacloud_sgw20180511.models import DescribeExpressSyncsRequest
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from tests.local.conformance.conftest import Cloud


def client(cloud: Cloud, secret: str = "") -> Client:
    protocol, _, address = cloud.profile["sgw"]["endpoint"].partition("://")
    key = cloud.credentials
    return Client(
        Config(
            access_key_id=key.access_key_id,
            access_key_secret=secret or key.access_key_secret,
            security_token=key.security_token or None,
            endpoint=address,
            protocol=protocol,
            region_id=cloud.profile["region"],
        )
    )


def test_lookup_of_an_unused_bucket_shows_no_group(cloud: Cloud) -> None:
    answer = client(cloud).describe_express_syncs(DescribeExpressSyncsRequest(bucket_name=f"{cloud.prefix}bucket"))
    assert (answer.status_code, answer.body.success) == (200, True)
    assert answer.body.express_syncs.express_sync in (None, [])


def test_wrong_secret_is_refused_by_sgw(cloud: Cloud) -> None:
    with pytest.raises(ClientException) as refused:
        client(cloud, secret="wrong").describe_express_syncs(DescribeExpressSyncsRequest())
    assert refused.value.code == "SignatureDoesNotMatch"
