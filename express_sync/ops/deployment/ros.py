"""Stacks of Resource Orchestration Service 2019-09-10, through its official SDK. Must not know what a stack is for.

The SDK signs with RPC signature 1.0, so a security token is a query parameter of a request that only TLS may see. It
takes much from its environment, which is switched off here: its default is HTTP, and it compares the protocol by
identity; it prefers the key of ALIYUN_ACCESS_KEY_ID to one that it is given as an object, uses proxies and ~/.netrc,
verifies no certificate where ALIBABA_CLOUD_CA_BUNDLE is empty, and prints whole requests where DEBUG is `sdk`.
"""

import importlib
import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from express_sync.ops.deployment.errors import NOT_REACHED, RefusedError, quotable
from express_sync.ops.deployment.stack import Event, Resource, Stack, standing
from express_sync.ops.terminal.certificates import UNTRUSTED, is_untrusted
from handler.credentials import Credentials

SERVICE = "ROS"
_SECONDS = 30
_EVENTS = 50
_NO_PROXY = {"http": None, "https": None}  # where it is given none at all, the SDK asks its environment
_UNCHANGED = "Update the completely same stack"


class Stacks:
    """The stacks of one region; every method may raise RefusedError."""

    def __init__(self, region: str, endpoint: str, credentials: Credentials) -> None:
        from aliyunsdkcore.client import AcsClient  # noqa: PLC0415 - slow, so only who asks
        from aliyunsdkcore.http import http_response, protocol_type  # noqa: PLC0415 - slow, so only who asks

        logging.getLogger("aliyunsdkcore").setLevel(logging.CRITICAL)
        http_response.logger.disabled = True
        self._credentials = credentials
        self._endpoint = urlsplit(endpoint)
        self._protocol = protocol_type.HTTP if self._endpoint.scheme == "http" else protocol_type.HTTPS
        self._client = AcsClient(
            credentials.access_key_id,
            credentials.access_key_secret,
            region,
            connect_timeout=_SECONDS,
            timeout=_SECONDS,
            verify=ssl.get_default_verify_paths().cafile or True,
            proxy=_NO_PROXY,
        )
        self._client.session.trust_env = False

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
        request.set_protocol_type(self._protocol)
        request.set_endpoint(self._endpoint.netloc)
        if self._credentials.security_token:
            request.add_query_param("SecurityToken", self._credentials.security_token)
        for name, value in fields.items():
            getattr(request, f"set_{name}")(value)
        try:
            document: Mapping[str, Any] = json.loads(self._client.do_action_with_exception(request))
        except sdk.ServerException as error:
            raise self._refused(f"ros:{action}", error) from None
        except sdk.ClientException as error:
            raise RefusedError(SERVICE, f"ros:{action}", UNTRUSTED if is_untrusted(error) else NOT_REACHED) from None
        except Exception:  # the SDK lets IndexError, ValueError and others out of its parsers
            raise RefusedError(SERVICE, f"ros:{action}", "MalformedAnswer") from None
        return document

    def _refused(self, action: str, error: Any) -> RefusedError:
        code = error.get_error_code()
        is_the_sdks_own = not code or code.startswith("SDK.")
        text = quotable(error.message or "", self._credentials)
        return RefusedError(SERVICE, action, f"Http{error.get_http_status()}" if is_the_sdks_own else code, text)


def _pairs(parameters: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
