"""The operations of ROS by their names: parameters in, fields of the response out.

Reproduces CreateStack, UpdateStack, GetStack, ListStacks (by name), ListStackResources, ListStackEvents (newest first,
pages), DeleteStack and ValidateTemplate with the parameters that deploying sends.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.doubles.ros import errors
from tests.doubles.ros.stacks import Fields, Stack, StackService

Parameters = Mapping[str, str]
_PAGE_SIZE = 10
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


def _validate(service: StackService, given: Parameters) -> Fields:
    version = service.version(_required(given, "TemplateBody"), {})
    return {"Description": "", "Parameters": list(version.parameters)}


def _create(service: StackService, given: Parameters) -> Fields:
    name, template = _required(given, "StackName"), _required(given, "TemplateBody")
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
    size, page = int(given.get("PageSize", _PAGE_SIZE)), int(given.get("PageNumber", 1))
    newest_first = stack.events[::-1]
    shown = newest_first[(page - 1) * size : page * size]
    return {"TotalCount": len(newest_first), "PageNumber": page, "PageSize": size, "Events": shown}


_PAIRS = r"TemplateBody|Parameters\.\d+\.Parameter(Key|Value)"
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


def _required(given: Parameters, name: str) -> str:
    if not given.get(name):
        raise errors.missing(name)
    return given[name]


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
