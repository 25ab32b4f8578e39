"""The operations of ROS by their names: parameters in, fields of the response out.

Reproduces CreateStack, UpdateStack, GetStack, ListStacks (by name), ListStackResources, ListStackEvents (newest first,
pages), DeleteStack and ValidateTemplate with the parameters that deploying sends, and ClientToken of the first two (1
to 64 letters, digits and -_.): the same token with the same parameters has the same answer. From the API's pages: names
of 1 to 255 letters, digits, - and _ that start with a letter, templates of at most 524,288 bytes, pages of 1 to 50.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.doubles.ros import errors
from tests.doubles.ros.stacks import Fields, Stack, StackService

Parameters = Mapping[str, str]
_PAGE_SIZE = 10
_MAX_PAGE_SIZE = 50
MAX_TEMPLATE_BYTES = 524_288
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,254}")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "ROLLBACK_COMPLETE")
_COMMON = frozenset(
    {
        "Action",
        "Version",
        "Format",
        "RegionId",
        "AccessKeyId",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "SignatureType",
        "Timestamp",
    }
)


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation does, and the pattern of its own parameters."""

    perform: Callable[[StackService, Parameters], Fields]
    parameters: str


def unknown_parameters(action: str, parameters: Parameters) -> list[str]:
    """Return the parameters that the operation `action` does not emulate."""
    own = re.compile(OPERATIONS[action].parameters)
    return sorted(name for name in parameters if name not in _COMMON and not own.fullmatch(name))


def own_parameters(parameters: Parameters) -> dict[str, str]:
    """Return the parameters that are not common to all operations."""
    return {name: value for name, value in parameters.items() if name not in _COMMON}


def _validate(service: StackService, given: Parameters) -> Fields:
    version = service.version(_required(given, "TemplateBody"), {})
    return {"Description": "", "Parameters": list(version.parameters)}


def _create(service: StackService, given: Parameters) -> Fields:
    name, template = _required(given, "StackName"), _required(given, "TemplateBody")
    _check("StackName", name, _NAME.fullmatch(name) is not None)
    return {"StackId": service.create(name, template, _pairs(given)).id}


def _update(service: StackService, given: Parameters) -> Fields:
    stack = _stack(service, given)
    keeps = given.get("UsePreviousParameters", "").lower() == "true"
    template = given.get("TemplateBody") or stack.lifecycle.version.template
    service.update(stack, template, _pairs(given), keeps=keeps)
    return {"StackId": stack.id}


def _delete(service: StackService, given: Parameters) -> Fields:
    service.delete(_stack(service, given))
    return {}


def _get(service: StackService, given: Parameters) -> Fields:
    stack = _stack(service, given)
    stack.lifecycle.advance(service.steps_per_look)
    version = stack.lifecycle.version
    outputs = version.outputs if stack.lifecycle.state in _COMPLETE else {}
    region = {"ALIYUN::Region": service.account.region, "ALIYUN::StackId": stack.id}
    return {
        **_summary(service, stack),
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in {**version.parameters, **region}.items()],
        "Outputs": [{"OutputKey": k, "OutputValue": v, "Description": ""} for k, v in outputs.items()],
    }


def _list(service: StackService, given: Parameters) -> Fields:
    names = {value for name, value in given.items() if name.startswith("StackName.")}
    found = [_summary(service, stack) for stack in service.stacks if stack.lifecycle.name in names or not names]
    return {"TotalCount": len(found), "PageNumber": 1, "PageSize": _PAGE_SIZE, "Stacks": found}


def _resources(service: StackService, given: Parameters) -> Fields:
    return {
        "Resources": [
            {"LogicalResourceId": name, "ResourceType": kind, "Status": state, "StatusReason": reason}
            for name, (kind, state, reason) in _stack(service, given).lifecycle.resources.items()
        ]
    }


def _events(service: StackService, given: Parameters) -> Fields:
    stack = _stack(service, given)
    size = _number(given, "PageSize", _PAGE_SIZE, _MAX_PAGE_SIZE)
    page = _number(given, "PageNumber", 1, 1_000_000)
    newest_first = stack.events[::-1]
    shown = newest_first[(page - 1) * size : page * size]
    return {"TotalCount": len(newest_first), "PageNumber": page, "PageSize": size, "Events": shown}


_PAIRS = r"ClientToken|TemplateBody|Parameters\.\d+\.Parameter(Key|Value)"
OPERATIONS: Mapping[str, Operation] = {
    "CreateStack": Operation(_create, rf"StackName|{_PAIRS}"),
    "UpdateStack": Operation(_update, rf"StackId|UsePreviousParameters|{_PAIRS}"),
    "DeleteStack": Operation(_delete, "StackId"),
    "GetStack": Operation(_get, "StackId"),
    "ListStacks": Operation(_list, r"StackName\.\d+"),
    "ListStackResources": Operation(_resources, "StackId"),
    "ListStackEvents": Operation(_events, "StackId|PageSize|PageNumber"),
    "ValidateTemplate": Operation(_validate, "TemplateBody"),
}


def check_common(given: Parameters) -> None:
    """Return if the values are valid that several operations have. ApiError."""
    template, token = given.get("TemplateBody", ""), given.get("ClientToken", "t")
    if len(template.encode()) > MAX_TEMPLATE_BYTES:
        raise errors.invalid("The template is larger than 524288 bytes.")
    _check("ClientToken", token, _TOKEN.fullmatch(token) is not None)


def _required(given: Parameters, name: str) -> str:
    if not given.get(name):
        raise errors.missing(name)
    return given[name]


def _number(given: Parameters, name: str, default: int, maximum: int) -> int:
    text = given.get(name, str(default))
    _check(name, text, text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= maximum)
    return int(text)


def _check(name: str, value: str, is_valid: bool) -> None:
    if not is_valid:
        raise errors.invalid_parameter(name, value)


def _stack(service: StackService, given: Parameters) -> Stack:
    return service.find(given.get("StackId", ""))


def _summary(service: StackService, stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.lifecycle.name,
        "Status": stack.lifecycle.state,
        "StatusReason": stack.lifecycle.reason,
        "RegionId": service.account.region,
    }


def _pairs(given: Parameters) -> dict[str, str]:
    """Return `Parameters.N.ParameterKey` and `Parameters.N.ParameterValue` as names and values."""
    keys = {name.split(".")[1]: value for name, value in given.items() if name.endswith(".ParameterKey")}
    return {key: given.get(f"Parameters.{number}.ParameterValue", "") for number, key in keys.items()}
