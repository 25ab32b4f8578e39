"""The ROS double, called with the official SDK: admission, and the lifecycle of a stack."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkros.request.v20190910.CancelUpdateStackRequest import CancelUpdateStackRequest
from aliyunsdkros.request.v20190910.CreateStackRequest import CreateStackRequest
from aliyunsdkros.request.v20190910.GetStackRequest import GetStackRequest
from aliyunsdkros.request.v20190910.ListStacksRequest import ListStacksRequest
from aliyunsdkros.request.v20190910.ValidateTemplateRequest import ValidateTemplateRequest

from express_sync.local.account import LOCAL_ACCOUNT, Key
from express_sync.local.api_error import ApiError
from tests.doubles.ros.app import create_app
from tests.doubles.ros.lifecycle import Failure, Lifecycle, Version
from tests.doubles.ros.stacks import StackService
from tests.support.checkout import ROOT
from tests.support.running import serving

TEMPLATE = (ROOT / "template.yml").read_text()
TWO = Version("", {}, {"A": "X", "B": "Y"}, {})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve ROS, and give its host and port."""
    with serving(create_app(LOCAL_ACCOUNT)) as (url,):
        yield url.removeprefix("http://")


def call(address: str, request: Any, key: Key = LOCAL_ACCOUNT.user) -> Any:
    """Send a request of the SDK."""
    secrets = (key.access_key_id, key.access_key_secret)
    credential = (
        StsTokenCredential(*secrets, key.security_token) if key.security_token else AccessKeyCredential(*secrets)
    )
    client = AcsClient(region_id="cn-hangzhou", credential=credential)
    request.set_endpoint(address)
    with client.session:
        return json.loads(client.do_action_with_exception(request))


def validation() -> ValidateTemplateRequest:
    request = ValidateTemplateRequest()
    request.set_TemplateBody(TEMPLATE)
    return request


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role], ids=["user", "role"])
def test_signature_of_the_sdk_is_admitted(key: Key, address: str) -> None:
    """The template is sent in the signed form, and its parameters are returned."""
    assert "NamePrefix" in call(address, validation(), key)["Parameters"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Key("LTAI5tNobody", "secret"), "InvalidAccessKeyId.NotFound"),
        (Key(LOCAL_ACCOUNT.user.access_key_id, "another"), "InvalidAccessKeySecret"),
        (Key(LOCAL_ACCOUNT.role.access_key_id, LOCAL_ACCOUNT.role.access_key_secret, "stale"), "InvalidSecurityToken"),
    ],
    ids=["id", "secret", "token"],
)
def test_other_keys_are_refused(key: Key, code: str, address: str) -> None:
    """The codes are the gateway's; the SDK has its own code for a wrong secret if both signed the same string."""
    with pytest.raises(ServerException) as refused:
        call(address, validation(), key)
    assert refused.value.get_error_code().startswith(code)


def test_an_unsigned_call_is_refused(address: str) -> None:
    """The code says that the access key id is missing."""
    answer = urllib3.request("POST", f"http://{address}/?Action=GetStack&Version=2019-09-10&StackId=x")
    assert (answer.status, answer.json()["Code"]) == (400, "MissingAccessKeyId")


def test_missing_stack_has_the_documented_error(address: str) -> None:
    """Code, status and message are those of the API page."""
    request = GetStackRequest()
    request.set_StackId("nowhere")
    with pytest.raises(ServerException) as refused:
        call(address, request)
    assert refused.value.get_http_status() == 404
    assert refused.value.get_error_msg() == "The Stack (nowhere) could not be found."


def test_creation_without_a_name_is_refused(address: str) -> None:
    """StackName is mandatory."""
    request = CreateStackRequest()
    request.set_TemplateBody(TEMPLATE)
    with pytest.raises(ServerException, match="StackName"):
        call(address, request)


def advanced(steps: int, failure: Failure | None = None, action: str = "create") -> tuple[Lifecycle, list[str]]:
    """Return a lifecycle after so many steps, and the states of its stack until then."""
    states: list[str] = []

    def record(name: str, _kind: str, state: str, _reason: str) -> None:
        if name == "stack":
            states.append(state)

    lifecycle = Lifecycle("stack", TWO, record)
    lifecycle.create(failure if action == "create" else None)
    if action != "create":
        lifecycle.advance(99)
        if action == "update":
            lifecycle.update(Version("", {"P": "1"}, TWO.resources, {}), failure)
        else:
            lifecycle.delete(failure)
    lifecycle.advance(steps)
    return lifecycle, states


def test_creation_handles_one_resource_after_the_other() -> None:
    """A resource does not change before its step."""
    lifecycle, _ = advanced(2)
    assert (lifecycle.state, lifecycle.resources["A"][1]) == ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    assert lifecycle.resources["B"][1] == "CREATE_IN_PROGRESS"
    assert advanced(3)[1] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_failed_creation_deletes_its_resources() -> None:
    """The rollback is the end of the creation."""
    lifecycle, states = advanced(99, Failure("B", "no"))
    assert states == ["CREATE_IN_PROGRESS", "CREATE_ROLLBACK_IN_PROGRESS", "CREATE_ROLLBACK_COMPLETE"]
    assert {state for _, state, _ in lifecycle.resources.values()} == {"DELETE_COMPLETE"}


def test_failed_update_restores_the_former_version() -> None:
    """The former parameters are restored, too."""
    lifecycle, states = advanced(99, Failure("A", "no"), "update")
    assert states[2:] == ["UPDATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    assert lifecycle.version.parameters == {}


def test_failed_deletion_keeps_the_other_resources() -> None:
    """Resources that were not reached still exist."""
    lifecycle, states = advanced(99, Failure("B", "no"), "delete")
    assert states[-1] == "DELETE_FAILED"
    assert lifecycle.resources["A"][1] == "CREATE_COMPLETE"


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as refusal:
        action()
    return refusal.value.code


def test_actions_that_a_stack_does_not_allow_are_refused() -> None:
    """A taken name, two actions at once, an update without changes, and invalid templates and parameters."""
    service = StackService(LOCAL_ACCOUNT, lambda: 0.0)
    stack = service.create("one", TEMPLATE, {})
    assert refused(lambda: service.create("one", TEMPLATE, {})) == "StackExists"
    assert refused(lambda: service.update(stack, TEMPLATE, {"LogLevel": "DEBUG"}, keeps=True)) == "ActionInProgress"
    stack.lifecycle.advance(999)
    assert refused(lambda: service.update(stack, TEMPLATE, {}, keeps=True)) == "NotSupported"
    assert refused(lambda: service.create("two", "Resources: [", {})) == "StackValidationFailed"
    assert refused(lambda: service.create("two", TEMPLATE, {"Nope": "1"})) == "StackValidationFailed"
    assert refused(lambda: service.create("two", TEMPLATE, {"LogLevel": "LOUD"})) == "StackValidationFailed"


def test_update_keeps_parameters_only_if_requested() -> None:
    """The request says so with UsePreviousParameters."""
    service = StackService(LOCAL_ACCOUNT, lambda: 0.0)
    stack = service.create("one", TEMPLATE, {"LogLevel": "DEBUG"})
    stack.lifecycle.advance(999)
    service.update(stack, TEMPLATE, {"MaxDeferrals": "3"}, keeps=True)
    stack.lifecycle.advance(999)
    assert (stack.lifecycle.version.parameters["LogLevel"], stack.lifecycle.version.parameters["MaxDeferrals"]) == (
        "DEBUG",
        "3",
    )
    service.update(stack, TEMPLATE, {}, keeps=False)
    assert stack.lifecycle.version.parameters["LogLevel"] == "INFO"


def test_unknown_operation_is_not_emulated(address: str) -> None:
    """ROS itself has the operation."""
    with pytest.raises(ServerException) as refused:
        call(address, CancelUpdateStackRequest())
    assert refused.value.get_error_code() == "NotEmulated"


@pytest.mark.parametrize(("name", "value"), [("DisableRollback", "true"), ("RegionId", "cn-shanghai")])
def test_unknown_parameter_is_not_emulated(address: str, name: str, value: str) -> None:
    """A creation that would ignore it creates nothing."""
    request = CreateStackRequest()
    request.set_StackName("unknown-parameter")
    request.set_TemplateBody(TEMPLATE)
    request.add_query_param(name, value)
    with pytest.raises(ServerException) as refused:
        call(address, request)
    assert refused.value.get_error_code() == "NotEmulated"
    assert call(address, ListStacksRequest())["TotalCount"] == 0


def test_queued_fault_applies_to_one_call(address: str) -> None:
    """The admin API has the same form as that of every emulator."""
    url = f"http://{address}/_local/faults"
    queued = {"operation": "ValidateTemplate", "faults": ["NoPermission"]}
    assert urllib3.request("POST", url, json=queued).json() == {"queued": 1}
    assert urllib3.request("GET", url).json() == [{**queued, "name": "*", "count": 1, "left": 1}]
    with pytest.raises(ServerException, match="NoPermission"):
        call(address, validation())
    assert "NamePrefix" in call(address, validation())["Parameters"]


def creation(name: str, token: str = "", body: str = TEMPLATE) -> CreateStackRequest:
    request = CreateStackRequest()
    request.set_StackName(name)
    request.set_TemplateBody(body)
    if token:
        request.set_ClientToken(token)
    return request


@pytest.fixture
def own_address() -> Iterator[str]:
    """Serve a ROS for one test, and give its host and port."""
    with serving(create_app(LOCAL_ACCOUNT)) as (url,):
        yield url.removeprefix("http://")


def test_repeated_client_token_has_the_first_answer(own_address: str) -> None:
    """With other parameters it is an error, and without one the name is taken."""
    first = call(own_address, creation("twice", "token-1"))
    assert call(own_address, creation("twice", "token-1"))["StackId"] == first["StackId"]
    for request, code in (
        (creation("other", "token-1"), "IdempotentParameterMismatch"),
        (creation("twice", "token-2"), "StackExists"),
        (creation("third", "token 3"), "InvalidParameter"),
    ):
        with pytest.raises(ServerException) as refused:
            call(own_address, request)
        assert refused.value.get_error_code() == code


@pytest.mark.parametrize("name", ["1stack", "st ack", "s" * 256])
def test_invalid_stack_name_is_refused(own_address: str, name: str) -> None:
    with pytest.raises(ServerException) as refused:
        call(own_address, creation(name))
    assert refused.value.get_error_code() == "InvalidParameter"


def test_too_large_template_is_refused(own_address: str) -> None:
    with pytest.raises(ServerException) as refused:
        call(own_address, creation("large", body=TEMPLATE + "#" * 524_288))
    assert refused.value.get_error_code() == "StackValidationFailed"
