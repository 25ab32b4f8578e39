"""Stacks of Resource Orchestration Service 2019-09-10, through its official SDK. Must not know what a stack is for.

The SDK is told to use HTTPS (its default is HTTP) and not to write its own errors to standard error. It signs with
RPC signature 1.0, so a security token is a query parameter of a request that only TLS sees.
"""

import importlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from handler.signature import Credentials
from ops.deployment.refusals import NOT_REACHED, RefusedError
from ops.deployment.stack import Event, Resource, Stack, standing

SERVICE = "ROS"
_SECONDS = 30
_EVENTS = 50
_UNCHANGED = "Update the completely same stack"


class Stacks:
    """The stacks of one region; every method may raise RefusedError."""

    def __init__(self, region: str, endpoint: str, credentials: Credentials) -> None:
        from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential  # noqa: PLC0415 - slow, so only who asks
        from aliyunsdkcore.client import AcsClient  # noqa: PLC0415 - slow, so only who asks

        logging.getLogger("aliyunsdkcore").setLevel(logging.CRITICAL)
        token = credentials.security_token
        key = (credentials.access_key_id, credentials.access_key_secret)
        credential = StsTokenCredential(*key, token) if token else AccessKeyCredential(*key)
        self._endpoint = urlsplit(endpoint)
        self._client = AcsClient(region_id=region, credential=credential, connect_timeout=_SECONDS, timeout=_SECONDS)

    def find(self, name: str) -> Stack | None:
        """The stack of that name, None if there is none."""
        listed = self._do("ListStacks", StackNames=[name])["Stacks"]
        ids = [each["StackId"] for each in listed if each["StackName"] == name and standing(each["Status"]) != "gone"]
        return self.get(ids[0]) if ids else None

    def get(self, stack_id: str) -> Stack | None:
        """The stack as it is now, None if it is gone."""
        try:
            document = self._do("GetStack", StackId=stack_id)
        except RefusedError as refused:
            if refused.code == "StackNotFound":
                return None
            raise
        return Stack(
            document["StackId"],
            document["StackName"],
            document["Status"],
            document.get("StatusReason") or "",
            {each["ParameterKey"]: str(each["ParameterValue"]) for each in document.get("Parameters") or ()},
            {each["OutputKey"]: _text(each["OutputValue"]) for each in document.get("Outputs") or ()},
        )

    def events(self, stack_id: str) -> tuple[Event, ...]:
        """The latest events of a stack, oldest first."""
        listed = self._do("ListStackEvents", StackId=stack_id, PageSize=_EVENTS)["Events"]
        return tuple(
            Event(each["EventId"], each["CreateTime"], each["LogicalResourceId"], each["Status"], each["StatusReason"])
            for each in reversed(listed)
        )

    def resources(self, stack_id: str) -> tuple[Resource, ...]:
        """The resources of a stack as they are now."""
        return tuple(
            Resource(each["LogicalResourceId"], each["ResourceType"], each["Status"], each.get("StatusReason") or "")
            for each in self._do("ListStackResources", StackId=stack_id)["Resources"]
        )

    def validate(self, template: str) -> None:
        """Return if ROS takes the template."""
        self._do("ValidateTemplate", TemplateBody=template)

    def create(self, name: str, template: str, parameters: Mapping[str, str]) -> str:
        """Begin to create a stack, and give its id."""
        created = self._do("CreateStack", StackName=name, TemplateBody=template, Parameterss=_pairs(parameters))
        return str(created["StackId"])

    def update(self, stack_id: str, template: str, parameters: Mapping[str, str]) -> bool:
        """Begin to update a stack, parameters that are not given staying as they are; False if nothing is to change."""
        wanted = {"TemplateBody": template, "Parameterss": _pairs(parameters), "UsePreviousParameters": True}
        try:
            self._do("UpdateStack", StackId=stack_id, **wanted)
        except RefusedError as refused:
            if refused.code == "NotSupported" and refused.message.startswith(_UNCHANGED):
                return False
            raise
        return True

    def delete(self, stack_id: str) -> None:
        """Begin to delete a stack and all its resources."""
        self._do("DeleteStack", StackId=stack_id)

    def _do(self, action: str, **fields: Any) -> Mapping[str, Any]:
        from aliyunsdkcore.acs_exception import exceptions as sdk  # noqa: PLC0415 - slow, so only who asks

        module = importlib.import_module(f"aliyunsdkros.request.v20190910.{action}Request")
        request = getattr(module, f"{action}Request")()
        request.set_protocol_type(self._endpoint.scheme)
        request.set_endpoint(self._endpoint.netloc)
        for name, value in fields.items():
            getattr(request, f"set_{name}")(value)
        try:
            document: Mapping[str, Any] = json.loads(self._client.do_action_with_exception(request))
        except sdk.ServerException as error:
            raise _refused(f"ros:{action}", error) from None
        except sdk.ClientException:
            raise RefusedError(SERVICE, f"ros:{action}", NOT_REACHED) from None
        except ValueError:
            raise RefusedError(SERVICE, f"ros:{action}", "MalformedAnswer") from None
        return document


def _refused(action: str, error: Any) -> RefusedError:
    code = error.get_error_code()
    is_the_sdks_own = not code or code.startswith("SDK.")
    return RefusedError(
        SERVICE, action, f"Http{error.get_http_status()}" if is_the_sdks_own else code, error.message or ""
    )


def _pairs(parameters: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
