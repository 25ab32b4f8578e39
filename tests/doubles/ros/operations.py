"""The operations of ROS by their names: parameters in, fields of the answer out. Knows no HTTP and no signature.

Reproduces CreateStack, UpdateStack, GetStack, ListStacks (by name), ListStackResources, ListStackEvents (newest first,
pages), DeleteStack and ValidateTemplate with the parameters that deploying sends; others are ignored.
"""

from collections.abc import Callable, Mapping
from typing import Any

from express_sync.local.sgw.errors import Refusal
from tests.doubles.ros import errors
from tests.doubles.ros.stacks import Fields, Stack, StackService

Parameters = Mapping[str, str]
Operation = Callable[[StackService, Parameters], Fields | Refusal]
_PAGE = 10


def _validate(service: StackService, given: Parameters) -> Fields | Refusal:
    template = given.get("TemplateBody", "")
    version = service.version(template, {}) if template else errors.missing("TemplateBody")
    return version if isinstance(version, Refusal) else {"Description": "", "Parameters": list(version.parameters)}


def _create(service: StackService, given: Parameters) -> Fields | Refusal:
    for name in ("StackName", "TemplateBody"):
        if not given.get(name):
            return errors.missing(name)
    return _id(service.create(given["StackName"], given["TemplateBody"], _pairs(given)))


def _update(service: StackService, given: Parameters) -> Fields | Refusal:
    stack = service.find(given.get("StackId", ""))
    if isinstance(stack, Refusal):
        return stack
    keeps = given.get("UsePreviousParameters", "").lower() == "true"
    template = given.get("TemplateBody") or stack.course.version.template
    return _id(service.update(stack, template, _pairs(given), keeps=keeps))


def _delete(service: StackService, given: Parameters) -> Fields | Refusal:
    stack = service.find(given.get("StackId", ""))
    deleted = stack if isinstance(stack, Refusal) else service.delete(stack)
    return deleted if isinstance(deleted, Refusal) else {}


def _get(service: StackService, given: Parameters) -> Fields | Refusal:
    stack = service.find(given.get("StackId", ""))
    if isinstance(stack, Refusal):
        return stack
    stack.course.advance(service.steps_per_look)
    version = stack.course.version
    is_there = stack.course.state in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "ROLLBACK_COMPLETE")
    outputs = version.outputs if is_there else {}
    region = {"ALIYUN::Region": service.account.region, "ALIYUN::StackId": stack.id}
    return {
        **_summary(service, stack),
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in {**version.parameters, **region}.items()],
        "Outputs": [{"OutputKey": k, "OutputValue": v, "Description": ""} for k, v in outputs.items()],
    }


def _list(service: StackService, given: Parameters) -> Fields | Refusal:
    names = {value for name, value in given.items() if name.startswith("StackName.")}
    found = [_summary(service, stack) for stack in service.stacks if stack.course.name in names or not names]
    return {"TotalCount": len(found), "PageNumber": 1, "PageSize": _PAGE, "Stacks": found}


def _resources(service: StackService, given: Parameters) -> Fields | Refusal:
    stack = service.find(given.get("StackId", ""))
    if isinstance(stack, Refusal):
        return stack
    return {
        "Resources": [
            {"LogicalResourceId": name, "ResourceType": kind, "Status": state, "StatusReason": reason}
            for name, (kind, state, reason) in stack.course.resources.items()
        ]
    }


def _events(service: StackService, given: Parameters) -> Fields | Refusal:
    stack = service.find(given.get("StackId", ""))
    if isinstance(stack, Refusal):
        return stack
    size, page = int(given.get("PageSize", _PAGE)), int(given.get("PageNumber", 1))
    newest_first = stack.events[::-1]
    shown = newest_first[(page - 1) * size : page * size]
    return {"TotalCount": len(newest_first), "PageNumber": page, "PageSize": size, "Events": shown}


OPERATIONS: Mapping[str, Operation] = {
    "CreateStack": _create,
    "UpdateStack": _update,
    "DeleteStack": _delete,
    "GetStack": _get,
    "ListStacks": _list,
    "ListStackResources": _resources,
    "ListStackEvents": _events,
    "ValidateTemplate": _validate,
}


def _id(stack: Stack | Refusal) -> Fields | Refusal:
    return stack if isinstance(stack, Refusal) else {"StackId": stack.id}


def _summary(service: StackService, stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.course.name,
        "Status": stack.course.state,
        "StatusReason": stack.course.reason,
        "RegionId": service.account.region,
    }


def _pairs(given: Parameters) -> dict[str, str]:
    """`Parameters.N.ParameterKey` and `Parameters.N.ParameterValue` as names and values."""
    keys = {name.split(".")[1]: value for name, value in given.items() if name.endswith(".ParameterKey")}
    return {key: given.get(f"Parameters.{number}.ParameterValue", "") for number, key in keys.items()}
