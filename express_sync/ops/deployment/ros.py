"""Stacks of Resource Orchestration Service 2019-09-10, through its official SDK.

The SDK signs with RPC signature 1.0, so a security token is a query parameter, which only TLS protects. Several of its
defaults are overridden here: it uses HTTP, and compares the protocol by identity; it prefers the key of
ALIYUN_ACCESS_KEY_ID to a key object, uses proxies and ~/.netrc, does not verify certificates if ALIBABA_CLOUD_CA_BUNDLE
is empty, and prints whole requests if DEBUG is `sdk`.
"""

import importlib
import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.http import http_response, protocol_type

from express_sync.ops.acs import NOT_REACHED
from express_sync.ops.deployment.errors import ServiceError, without_secrets
from express_sync.ops.deployment.stack import Event, Resource, Stack, health
from express_sync.ops.terminal.certificates import UNTRUSTED, is_untrusted
from handler.credentials import Credentials

SERVICE = "ROS"
_SECONDS = 30
_EVENTS = 50
_NO_PROXY = {"http": None, "https": None}  # without an argument, the SDK reads the environment
_UNCHANGED = "Update the completely same stack"


class Stacks:
    """The stacks of one region; every method may raise ServiceError."""

    def __init__(self, region: str, endpoint: str, credentials: Credentials) -> None:
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
        """Return the stack with that name, or None."""
        listed = self._call("ListStacks", StackNames=[name])["Stacks"]
        ids = [each["StackId"] for each in listed if each["StackName"] == name and health(each["Status"]) != "deleted"]
        return self.get(ids[0]) if ids else None

    def get(self, stack_id: str) -> Stack | None:
        """Return the stack as it is now, None if it was deleted."""
        try:
            document = self._call("GetStack", StackId=stack_id)
        except ServiceError as error:
            if error.code == "StackNotFound":
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
        """Return the latest events of a stack, oldest first."""
        listed = self._call("ListStackEvents", StackId=stack_id, PageSize=_EVENTS)["Events"]
        return tuple(
            Event(each["EventId"], each["CreateTime"], each["LogicalResourceId"], each["Status"], each["StatusReason"])
            for each in reversed(listed)
        )

    def resources(self, stack_id: str) -> tuple[Resource, ...]:
        """Return the resources of a stack as they are now."""
        return tuple(
            Resource(each["LogicalResourceId"], each["ResourceType"], each["Status"], each.get("StatusReason") or "")
            for each in self._call("ListStackResources", StackId=stack_id)["Resources"]
        )

    def validate(self, template: str) -> None:
        """Return if ROS accepts the template."""
        self._call("ValidateTemplate", TemplateBody=template)

    def create(self, name: str, template: str, parameters: Mapping[str, str]) -> str:
        """Start to create a stack, and return its id."""
        created = self._call("CreateStack", StackName=name, TemplateBody=template, Parameterss=_pairs(parameters))
        return str(created["StackId"])

    def update(self, stack_id: str, template: str, parameters: Mapping[str, str]) -> bool:
        """Start to update a stack, keeping all other parameters. Return False if the stack is up to date."""
        fields = {"TemplateBody": template, "Parameterss": _pairs(parameters), "UsePreviousParameters": True}
        try:
            self._call("UpdateStack", StackId=stack_id, **fields)
        except ServiceError as error:
            if error.code == "NotSupported" and error.message.startswith(_UNCHANGED):
                return False
            raise
        return True

    def delete(self, stack_id: str) -> None:
        """Start to delete a stack and all its resources."""
        self._call("DeleteStack", StackId=stack_id)

    def _call(self, action: str, **fields: Any) -> Mapping[str, Any]:
        module = importlib.import_module(f"aliyunsdkros.request.v20190910.{action}Request")
        request = getattr(module, f"{action}Request")()
        request.set_protocol_type(self._protocol)
        request.set_endpoint(self._endpoint.netloc)
        if self._credentials.security_token:
            request.add_query_param("SecurityToken", self._credentials.security_token)
        for name, value in fields.items():
            getattr(request, f"set_{name}")(value)
        try:
            with self._client.session:  # else a traceback could keep the connection open
                document: Mapping[str, Any] = json.loads(self._client.do_action_with_exception(request))
        except ServerException as error:
            raise self._service_error(f"ros:{action}", error) from None
        except ClientException as error:
            raise ServiceError(SERVICE, f"ros:{action}", UNTRUSTED if is_untrusted(error) else NOT_REACHED) from None
        except Exception:  # the SDK's parsers raise IndexError, ValueError and others
            raise ServiceError(SERVICE, f"ros:{action}", "MalformedAnswer") from None
        return document

    def _service_error(self, action: str, error: Any) -> ServiceError:
        code = error.get_error_code()
        is_of_the_sdk = not code or code.startswith("SDK.")
        text = without_secrets(error.message or "", self._credentials)
        return ServiceError(SERVICE, action, f"Http{error.get_http_status()}" if is_of_the_sdk else code, text)


def _pairs(parameters: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
