"""The official Python clients work with the local gateway unchanged, and understand its errors.

Each has its own class of errors and its own way to send a security token; the responses are the same.
"""

import json
import logging
from collections.abc import Iterator

import pytest
from alibabacloud_sgw20180511.client import Client as SgwClient
from alibabacloud_sgw20180511.models import (
    CreateExpressSyncRequest,
    DeleteExpressSyncRequest,
    DescribeExpressSyncsRequest,
    DescribeTasksRequest,
)
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_openapi.exceptions import ClientException as TeaRefusal
from alibabacloud_tea_openapi.exceptions import ServerException as TeaFailure
from alibabacloud_tea_openapi.exceptions import ThrottlingException as TeaThrottling
from alibabacloud_tea_openapi.models import OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions
from aliyunsdkcore.acs_exception.exceptions import ServerException as CoreRefusal
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest, RpcRequest

from express_sync.local.account import Key
from tests.local.sgw_support import GROUP, ROLE, USER, RunningSgw
from tests.support.tea_config import tea_config

EITHER_KEY = pytest.mark.parametrize("key", [USER, ROLE], ids=["user", "role"])
PHOTOS = {"bucket_name": "holiday-bucket", "bucket_region": "cn-hangzhou", "name": "photos"}
AWKWARD = {**GROUP, "BucketPrefix": "pre fix/", "Description": "组 a+b*~/c"}


def call_core(key: Key, request: CommonRequest) -> bytes:
    """Send a request with the older SDK, and close its connection, which a traceback would keep."""
    pair = (key.access_key_id, key.access_key_secret)
    credential = StsTokenCredential(*pair, key.security_token) if key.security_token else AccessKeyCredential(*pair)
    client = AcsClient(region_id="cn-hangzhou", credential=credential)
    with client.session:
        return bytes(client.do_action_with_exception(request))


def core_request(sgw: RunningSgw, action: str, parameters: dict[str, str], method: str = "POST") -> CommonRequest:
    request = CommonRequest(domain=sgw.address, version="2018-05-11", action_name=action)
    request.set_protocol_type("http")
    request.set_method(method)
    for name, value in parameters.items():
        request.add_query_param(name, value)
    return request


class TestSgwClient:
    """alibabacloud_sgw20180511, which is generated for this API."""

    @EITHER_KEY
    def test_creates_and_finds_a_group(self, sgw: RunningSgw, key: Key) -> None:
        client = SgwClient(tea_config(sgw.url, key))

        created = client.create_express_sync(CreateExpressSyncRequest().from_map(AWKWARD)).body
        described = client.describe_express_syncs(DescribeExpressSyncsRequest(bucket_name=GROUP["BucketName"])).body

        (found,) = described.express_syncs.express_sync
        assert (created.success, created.code, created.message) == (True, "200", "successful")
        assert {name: found.to_map()[name] for name in AWKWARD} == AWKWARD
        assert found.express_sync_id == created.express_sync_id

    def test_describes_the_root_or_all_prefixes(self, sgw: RunningSgw) -> None:
        client = SgwClient(tea_config(sgw.url))
        for name, prefix in (("root", None), ("deep", "deep/")):
            client.create_express_sync(
                CreateExpressSyncRequest(
                    name=name, bucket_name="bucket", bucket_region="cn-beijing", bucket_prefix=prefix
                )
            )

        at_root = client.describe_express_syncs(DescribeExpressSyncsRequest(bucket_name="bucket", bucket_prefix=""))

        assert [group.name for group in at_root.body.express_syncs.express_sync] == ["root"]

    def test_understands_a_refusal(self, sgw: RunningSgw) -> None:
        client, request = SgwClient(tea_config(sgw.url)), CreateExpressSyncRequest().from_map(GROUP)
        client.create_express_sync(request)

        with pytest.raises(TeaRefusal) as refused:
            client.create_express_sync(request)

        assert (refused.value.status_code, refused.value.code) == (400, "DuplicateExpressSyncName")
        assert refused.value.request_id == sgw.calls()[-1]["requestId"]

    def test_understands_a_failure_of_the_server(self, sgw: RunningSgw) -> None:
        sgw.queue_faults("InternalError")

        with pytest.raises(TeaFailure) as failed:
            SgwClient(tea_config(sgw.url)).create_express_sync(CreateExpressSyncRequest().from_map(GROUP))

        assert (failed.value.status_code, failed.value.code) == (500, "InternalError")

    def test_understands_the_time_to_retry_after(self, sgw: RunningSgw) -> None:
        sgw.queue_faults("throttling:2500")

        with pytest.raises(TeaThrottling) as throttled:
            SgwClient(tea_config(sgw.url)).create_express_sync(CreateExpressSyncRequest().from_map(GROUP))

        assert (throttled.value.code, throttled.value.retry_after) == ("Throttling.User", 2500)

    def test_is_refused_with_a_wrong_secret(self, sgw: RunningSgw) -> None:
        stranger = Key(USER.access_key_id, "wrong")

        with pytest.raises(TeaRefusal) as refused:
            SgwClient(tea_config(sgw.url, stranger)).describe_express_syncs(DescribeExpressSyncsRequest())

        assert refused.value.code == "SignatureDoesNotMatch"


class TestOpenApiClient:
    """alibabacloud_tea_openapi, the generic client below the generated ones, in both of its signatures."""

    @EITHER_KEY
    @pytest.mark.parametrize("algorithm", [None, "v2"], ids=["acs3", "rpc"])
    @pytest.mark.parametrize("place", ["query", "body"])
    def test_creates_a_group(self, sgw: RunningSgw, key: Key, algorithm: str | None, place: str) -> None:
        config = tea_config(sgw.url, key)
        config.signature_algorithm = algorithm
        parameters = Params(
            action="CreateExpressSync",
            version="2018-05-11",
            protocol="HTTP",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )

        response = OpenApiClient(config).call_api(parameters, OpenApiRequest(**{place: AWKWARD}), RuntimeOptions())

        assert response["body"]["ExpressSyncId"] == sgw.groups.describe()[0].id
        assert sgw.groups.describe()[0].description == AWKWARD["Description"]


class TestCoreClient:
    """aliyun-python-sdk-core, the older generation: RPC signature in the query."""

    @pytest.fixture(autouse=True)
    def _quiet(self) -> Iterator[None]:
        """Suppress what this client prints to the standard error stream for every error."""
        logger = logging.getLogger("aliyunsdkcore")
        logger.disabled = True
        yield
        logger.disabled = False

    @EITHER_KEY
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_creates_and_finds_a_group(self, sgw: RunningSgw, key: Key, method: str) -> None:
        created = call_core(key, core_request(sgw, "CreateExpressSync", AWKWARD, method))
        described = call_core(key, core_request(sgw, "DescribeExpressSyncs", {}, method))

        (found,) = json.loads(described)["ExpressSyncs"]["ExpressSync"]
        assert {name: found[name] for name in AWKWARD} == AWKWARD
        assert found["ExpressSyncId"] == json.loads(created)["ExpressSyncId"]

    def test_can_send_a_form(self, sgw: RunningSgw) -> None:
        request = core_request(sgw, "CreateExpressSync", {})
        for name, value in AWKWARD.items():
            request.add_body_params(name, value)

        call_core(USER, request)

        assert sgw.groups.describe()[0].description == AWKWARD["Description"]

    @pytest.mark.parametrize(
        ("fault", "status"), [("AssumeRoleFail", 403), ("RoleNotExist", 404), ("InternalError", 500)]
    )
    def test_understands_a_refusal(self, sgw: RunningSgw, fault: str, status: int) -> None:
        sgw.queue_faults(fault)

        with pytest.raises(CoreRefusal) as refused:
            call_core(USER, core_request(sgw, "CreateExpressSync", GROUP))

        assert (refused.value.get_http_status(), refused.value.get_error_code()) == (status, fault)
        assert refused.value.get_request_id() == sgw.calls()[-1]["requestId"]

    def test_recognises_a_wrong_secret_by_the_signed_string(self, sgw: RunningSgw) -> None:
        """The client renames the error if the server signed the same string: the canonical forms are equal."""
        request = RpcRequest("sgw", "2018-05-11", "CreateExpressSync")
        request.set_endpoint(sgw.address)
        request.set_query_params(dict(AWKWARD))

        with pytest.raises(CoreRefusal) as refused:
            call_core(Key(USER.access_key_id, "wrong"), request)

        assert refused.value.get_error_code() == "InvalidAccessKeySecret"


def test_group_is_deleted_as_terraform_does(sgw: RunningSgw) -> None:
    """Its provider polls the task, and takes ExpressSyncNotExist for success."""
    client = SgwClient(tea_config(sgw.url))
    created = client.create_express_sync(CreateExpressSyncRequest(**PHOTOS))
    group_id = created.body.express_sync_id
    deleted = client.delete_express_sync(DeleteExpressSyncRequest(express_sync_id=group_id)).body
    tasks = client.describe_tasks(DescribeTasksRequest(target_id=group_id, task_id=deleted.task_id)).body
    [task] = tasks.tasks.simple_task
    assert (deleted.success, task.state_code, task.related_resource_id) == (True, "task.state.completed", group_id)
    assert client.describe_express_syncs(DescribeExpressSyncsRequest()).body.express_syncs.express_sync == []
    for wrong, code in ((group_id, "ExpressSyncNotExist"), ("", "EmptyExpressSyncId")):
        with pytest.raises(TeaRefusal) as refused:
            client.delete_express_sync(DeleteExpressSyncRequest(express_sync_id=wrong))
        assert (refused.value.status_code, refused.value.code) == (400, code)


def test_place_of_a_deleted_group_is_free_again(sgw: RunningSgw) -> None:
    client = SgwClient(tea_config(sgw.url))
    for _ in range(2):
        group = client.create_express_sync(CreateExpressSyncRequest(**PHOTOS))
        client.delete_express_sync(DeleteExpressSyncRequest(express_sync_id=group.body.express_sync_id))


def test_tasks_are_paged_and_need_a_target(sgw: RunningSgw) -> None:
    client = SgwClient(tea_config(sgw.url))
    found = client.describe_tasks(DescribeTasksRequest(target_id="sync-other", page_number=2, page_size=100)).body
    assert (found.page_number, found.page_size, found.total_count) == (2, 10, 0)
    with pytest.raises(TeaRefusal) as refused:
        client.describe_tasks(DescribeTasksRequest())
    assert refused.value.code == "MissingTargetId"
