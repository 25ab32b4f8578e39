"""Resolves the names in a template with its parameters, as in a deployed stack.

Reproduces parameters (defaults, overrides, allowed values and patterns, booleans, numbers within limits), conditions,
pseudo parameters, physical names and the attributes of the resource types below. Does not reproduce mappings, outputs,
ROS's own checks.
Unknown: what `Ref` gives for some types in the cloud; here it is always the physical name.
"""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from express_sync.local.account import Account
from express_sync.local.template.intrinsics import call, is_call
from express_sync.local.template.parser import TemplateError

STACK = "local"
_NO_VALUE = object()
_BOOLEANS = {"true": True, "false": False}
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Type:
    """The property with the name of a resource, and its attributes as templates of {name}, {region}, {account}."""

    name_property: str
    attributes: Mapping[str, str]


_TYPES: Mapping[str, _Type] = {
    "ALIYUN::MNS::Queue": _Type(
        "QueueName",
        {
            "QueueName": "{name}",
            "QueueUrl": "http://{account}.mns.{region}.aliyuncs.com/queues/{name}",
            "ARN.WithSlash": "acs:mns:{region}:{account}:/queues/{name}",
        },
    ),
    "ALIYUN::MNS::Topic": _Type(
        "TopicName",
        {
            "TopicName": "{name}",
            "TopicUrl": "http://{account}.mns.{region}.aliyuncs.com/topics/{name}",
            "ARN.WithSlash": "acs:mns:{region}:{account}:/topics/{name}",
        },
    ),
    "ALIYUN::MNS::Subscription": _Type("SubscriptionName", {"SubscriptionName": "{name}"}),
    "ALIYUN::FC3::Function": _Type(
        "FunctionName", {"FunctionName": "{name}", "ARN": "acs:fc:{region}:{account}:functions/{name}"}
    ),
    "ALIYUN::FC3::Trigger": _Type("TriggerName", {"TriggerName": "{name}"}),
    "ALIYUN::RAM::Role": _Type("RoleName", {"RoleName": "{name}", "Arn": "acs:ram::{account}:role/{name}"}),
    "ALIYUN::SLS::Project": _Type("Name", {"Name": "{name}"}),
    "ALIYUN::SLS::Logstore": _Type("LogstoreName", {"LogstoreName": "{name}"}),
}


@dataclass(slots=True)
class Stack:
    """The values of a template's resources. TemplateError for an unknown, missing or invalid parameter."""

    document: Mapping[str, Any]
    account: Account
    overrides: Mapping[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        for name in self.overrides:
            if name not in self._section("Parameters"):
                raise TemplateError(f"parameter {name} is not declared by the template")
        for name, rules in self._section("Parameters").items():
            _check_parameter(name, rules, self.overrides.get(name, rules.get("Default")))

    def resources(self, of_type: str) -> list[str]:
        """Return the logical names of a type's resources whose condition is true, in the template's order."""
        return [
            name
            for name, resource in self._section("Resources").items()
            if resource.get("Type") == of_type
            and ("Condition" not in resource or self.condition(resource["Condition"], name))
        ]

    def properties(self, resource: str) -> dict[str, Any]:
        """Return a resource's properties, every function in them evaluated."""
        properties = self.document["Resources"][resource].get("Properties", {})
        return self._resolve_map(properties, resource)

    def resolve(self, value: Any, where: str) -> Any:
        """Return `value` with every function in it evaluated; `where` is named in errors."""
        if is_call(value):
            return call(self, value, where)
        if isinstance(value, dict):
            return self._resolve_map(value, where)
        if isinstance(value, list):
            items = [self.resolve(item, f"{where}[{index}]") for index, item in enumerate(value)]
            return [item for item in items if item is not _NO_VALUE]
        return value

    def condition(self, name: str, where: str) -> bool:
        """Tell whether the named condition of the template is true."""
        conditions = self._section("Conditions")
        if name not in conditions:
            raise TemplateError(f"{where}: condition {name} is not defined")
        with self._entered(f"Conditions.{name}"):
            return bool(self.resolve(conditions[name], f"Conditions.{name}"))

    def reference(self, name: str, where: str) -> Any:
        """Return the result of `Ref`: the value of a pseudo parameter or parameter, or a physical name."""
        pseudo = self._pseudo_parameters()
        if name in pseudo:
            return pseudo[name]
        if name in self._section("Parameters"):
            rules = self.document["Parameters"][name]
            value = self.overrides.get(name, rules.get("Default"))
            return _BOOLEANS[str(value).lower()] if rules.get("Type") == "Boolean" else value
        return self._physical_name(name, self._type(name, where))

    def attribute(self, resource: str, attribute: str, where: str) -> str:
        """Return the result of `Fn::GetAtt`."""
        kind = self._type(resource, where)
        if attribute not in kind.attributes:
            raise TemplateError(f"{where}: {resource} has no attribute {attribute} in the local cloud")
        name = self._physical_name(resource, kind)
        return kind.attributes[attribute].format(name=name, region=self.account.region, account=self.account.account_id)

    def _section(self, name: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self.document.get(name) or {}
        return section

    def _pseudo_parameters(self) -> Mapping[str, Any]:
        return {
            "ALIYUN::Region": self.account.region,
            "ALIYUN::TenantId": self.account.account_id,
            "ALIYUN::StackName": STACK,
            "ALIYUN::StackId": STACK,
            "ALIYUN::NoValue": _NO_VALUE,
        }

    def _resolve_map(self, value: Mapping[str, Any], where: str) -> dict[str, Any]:
        resolved = {key: self.resolve(item, f"{where}.{key}") for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _NO_VALUE}

    def _type(self, resource: str, where: str) -> _Type:
        if resource not in self._section("Resources"):
            raise TemplateError(f"{where}: parameter or resource {resource} is not defined")
        name = self.document["Resources"][resource].get("Type")
        if name not in _TYPES:
            raise TemplateError(f"{where}: {resource} is of type {name}, which the local cloud does not support")
        return _TYPES[name]

    def _physical_name(self, resource: str, kind: _Type) -> str:
        where = f"{resource}.{kind.name_property}"
        properties = self.document["Resources"][resource].get("Properties", {})
        if kind.name_property not in properties:
            raise TemplateError(f"{where} is missing; the local cloud does not generate names")
        with self._entered(where):
            return str(self.resolve(properties[kind.name_property], where))

    @contextmanager
    def _entered(self, where: str) -> Iterator[None]:
        if where in self._open:
            raise TemplateError(f"{where} depends on itself: {' -> '.join([*self._open, where])}")
        self._open.append(where)
        try:
            yield
        finally:
            self._open.pop()


def _check_parameter(name: str, rules: Mapping[str, Any], value: Any) -> None:
    if value is None:
        raise TemplateError(f"parameter {name} has no default and was not given")
    if "AllowedValues" in rules and value not in rules["AllowedValues"]:
        raise TemplateError(f"parameter {name}: {value!r} is not one of {rules['AllowedValues']}")
    if "AllowedPattern" in rules and not _matches(name, rules["AllowedPattern"], str(value)):
        raise TemplateError(f"parameter {name}: {value!r} does not match {rules['AllowedPattern']}")
    if rules.get("Type") == "Boolean" and str(value).lower() not in _BOOLEANS:
        raise TemplateError(f"parameter {name}: {value!r} is neither true nor false")
    if rules.get("Type") == "Number":
        _check_number(name, rules, str(value))


def _check_number(name: str, rules: Mapping[str, Any], text: str) -> None:
    if not _NUMBER.fullmatch(text):
        raise TemplateError(f"parameter {name}: {text!r} is not a number")
    low, high = rules.get("MinValue", -math.inf), rules.get("MaxValue", math.inf)
    if not low <= float(text) <= high:
        raise TemplateError(f"parameter {name}: {text} is not within {low} to {high}")


def _matches(name: str, pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error as error:
        raise TemplateError(f"parameter {name}: {pattern} is not a regular expression: {error}") from error
