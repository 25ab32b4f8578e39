"""The local ROS, asked with the official SDK: whom it lets in, and what becomes of a stack."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkros.request.v20190910.CreateStackRequest import CreateStackRequest
from aliyunsdkros.request.v20190910.GetStackRequest import GetStackRequest
from aliyunsdkros.request.v20190910.ValidateTemplateRequest import ValidateTemplateRequest

from express_sync.local.account import LOCAL_ACCOUNT, Key
from express_sync.local.sgw.errors import Refusal
from tests.doubles.ros.app import create_app
from tests.doubles.ros.lifecycle import Course, Failure, Version
from tests.doubles.ros.stacks import StackService
from tests.support.serving import serving

TEMPLATE = (Path(__file__).resolve().parents[2] / "template.yml").read_text()
TWO = Version("", {}, {"A": "X", "B": "Y"}, {})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where ROS is."""
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
    return json.loads(client.do_action_with_exception(request))


def validation() -> ValidateTemplateRequest:
    request = ValidateTemplateRequest()
    request.set_TemplateBody(TEMPLATE)
    return request


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role], ids=["user", "role"])
def test_the_sdks_signature_is_admitted(key: Key, address: str) -> None:
    """The template travels in the signed form, and its parameters come back."""
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
    """With the gateway's own codes; of a wrong secret the SDK makes a code of its own when both signed the same."""
    with pytest.raises(ServerException) as refused:
        call(address, validation(), key)
    assert refused.value.get_error_code().startswith(code)


def test_an_unsigned_call_is_refused(address: str) -> None:
    """As incomplete."""
    answer = urllib3.request("POST", f"http://{address}/?Action=GetStack&Version=2019-09-10&StackId=x")
    assert (answer.status, answer.json()["Code"]) == (400, "MissingAccessKeyId")


def test_a_stack_that_is_not_there_is_not_found_in_the_documented_words(address: str) -> None:
    """The code, the status and the message of the API page."""
    request = GetStackRequest()
    request.set_StackId("nowhere")
    with pytest.raises(ServerException) as refused:
        call(address, request)
    assert refused.value.get_http_status() == 404
    assert refused.value.get_error_msg() == "The Stack (nowhere) could not be found."


def test_a_creation_without_a_name_is_refused(address: str) -> None:
    """Before anything is made."""
    request = CreateStackRequest()
    request.set_TemplateBody(TEMPLATE)
    with pytest.raises(ServerException, match="StackName"):
        call(address, request)


def courses(steps: int, failure: Failure | None = None, action: str = "create") -> tuple[Course, list[str]]:
    """A course after so many steps, and the states that its stack has been in."""
    states: list[str] = []

    def note(name: str, _kind: str, state: str, _reason: str) -> None:
        if name == "stack":
            states.append(state)

    course = Course("stack", TWO, note)
    course.create(failure if action == "create" else None)
    if action != "create":
        course.advance(99)
        if action == "update":
            course.update(Version("", {"P": "1"}, TWO.resources, {}), failure)
        else:
            course.delete(failure)
    course.advance(steps)
    return course, states


def test_a_creation_goes_resource_by_resource() -> None:
    """Nothing is done before its step."""
    course, _ = courses(2)
    assert (course.state, course.resources["A"][1]) == ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    assert course.resources["B"][1] == "CREATE_IN_PROGRESS"
    assert courses(3)[1] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_a_failed_creation_deletes_what_it_made() -> None:
    """And ends for good."""
    course, states = courses(99, Failure("B", "no"))
    assert states == ["CREATE_IN_PROGRESS", "CREATE_ROLLBACK_IN_PROGRESS", "CREATE_ROLLBACK_COMPLETE"]
    assert {state for _, state, _ in course.resources.values()} == {"DELETE_COMPLETE"}


def test_a_failed_update_brings_the_former_version_back() -> None:
    """Its parameters too."""
    course, states = courses(99, Failure("A", "no"), "update")
    assert states[2:] == ["UPDATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    assert course.version.parameters == {}


def test_a_failed_deletion_keeps_the_rest() -> None:
    """What was not reached is still there."""
    course, states = courses(99, Failure("B", "no"), "delete")
    assert states[-1] == "DELETE_FAILED"
    assert course.resources["A"][1] == "CREATE_COMPLETE"


def refused(answer: object) -> str:
    assert isinstance(answer, Refusal)
    return answer.code


def test_what_may_not_be_done_to_a_stack_is_refused() -> None:
    """Two of a name, two actions at once, an update that changes nothing, a template that is none."""
    service = StackService(LOCAL_ACCOUNT, lambda: 0.0)
    stack = service.create("one", TEMPLATE, {})
    assert not isinstance(stack, Refusal)
    assert refused(service.create("one", TEMPLATE, {})) == "StackExists"
    assert refused(service.update(stack, TEMPLATE, {"LogLevel": "DEBUG"}, keeps=True)) == "ActionInProgress"
    stack.course.advance(999)
    assert refused(service.update(stack, TEMPLATE, {}, keeps=True)) == "NotSupported"
    assert refused(service.create("two", "Resources: [", {})) == "StackValidationFailed"
    assert refused(service.create("two", TEMPLATE, {"Nope": "1"})) == "StackValidationFailed"
    assert refused(service.create("two", TEMPLATE, {"LogLevel": "LOUD"})) == "StackValidationFailed"


def test_an_update_keeps_parameters_only_if_asked_to() -> None:
    """UsePreviousParameters."""
    service = StackService(LOCAL_ACCOUNT, lambda: 0.0)
    stack = service.create("one", TEMPLATE, {"LogLevel": "DEBUG"})
    assert not isinstance(stack, Refusal)
    stack.course.advance(999)
    service.update(stack, TEMPLATE, {"MaxDeferrals": "3"}, keeps=True)
    stack.course.advance(999)
    assert (stack.course.version.parameters["LogLevel"], stack.course.version.parameters["MaxDeferrals"]) == (
        "DEBUG",
        "3",
    )
    service.update(stack, TEMPLATE, {}, keeps=False)
    assert stack.course.version.parameters["LogLevel"] == "INFO"
