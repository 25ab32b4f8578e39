"""Reads and checks template.yml and its parameters before they are sent to ROS."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.parser import TemplateError, parse
from express_sync.local.template.resolver import Stack
from express_sync.ops.packaging.template import description
from express_sync.ops.template_check import checker
from express_sync.ops.terminal.errors import CliError
from express_sync.paths import TEMPLATE

CODE_BUCKET, CODE_OBJECT, NAME_PREFIX, RUNTIME = "CodeBucket", "CodeObject", "NamePrefix", "Runtime"

DEFER_CAP, REQUEST_RETENTION = "DeferCapSeconds", "RequestRetentionSeconds"

_INTEGER = re.compile(r"0|[1-9][0-9]{0,8}")  # the formats that the function accepts
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Template:
    """The text of the template, and its document with every short tag in its long form."""

    text: str
    document: Mapping[str, Any]

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The declaration of every parameter by its name."""
        found: Mapping[str, Mapping[str, Any]] = self.document.get("Parameters") or {}
        return found

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """Every resource by its name, including those whose condition may be false."""
        found: Mapping[str, Mapping[str, Any]] = self.document["Resources"]
        return found

    def function(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the properties of the function in a stack with these parameters, in the local account."""
        stack = Stack(self.document, LOCAL_ACCOUNT, given)
        return stack.properties(stack.resources("ALIYUN::FC3::Function")[0])

    def default(self, parameter: str) -> str:
        """Return the default of a parameter as text, empty if it has none."""
        return str(self.parameters.get(parameter, {}).get("Default", ""))


def load(path: Path = TEMPLATE) -> Template:
    """Return the template at `path`. Raise CliError with all its faults if it has any."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        template = Template(text, parse(text))
    except (OSError, ValueError) as error:
        what = description(error) if isinstance(error, TemplateError) else "it cannot be read"
        raise CliError(f"{path} cannot be deployed: {what}; correct it.") from None
    found = checker.check(template.text, template.document)
    if found:
        raise CliError(f"{path} cannot be deployed: {'; '.join(str(each).removesuffix('.') for each in found)}.")
    return template


def parameters(template: Template, given: tuple[str, ...]) -> dict[str, str]:
    """Return parameters given as NAME=VALUE. Raise CliError for one that the template does not declare or allow."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in template.parameters:
            known = ", ".join(name for name in template.parameters if name not in (CODE_BUCKET, CODE_OBJECT))
            raise CliError(f"--parameter takes NAME=VALUE, and {name!r} is not one of {known}; correct it.")
        if name in (CODE_BUCKET, CODE_OBJECT):
            raise CliError(f"{name} follows from --code-bucket and the package; omit --parameter {name}.")
        _check_value(name, value, template.parameters[name])
        found[name] = value
    return found


def _check_value(name: str, value: str, rules: Mapping[str, Any]) -> None:
    allowed = rules.get("AllowedValues") or (("true", "false") if rules.get("Type") == "Boolean" else None)
    if allowed and value not in map(str, allowed):
        raise CliError(f"Parameter {name} must be one of {', '.join(map(str, allowed))}; correct it.")
    if "AllowedPattern" in rules and not re.fullmatch(rules["AllowedPattern"], value):
        raise CliError(f"Parameter {name} must match {rules['AllowedPattern']}; correct it.")
    if rules.get("Type") == "Number":
        _check_number(name, value, rules)
    if not _is_within(len(value), rules, "Length"):
        raise CliError(f"Parameter {name} must have a number of characters {_limits(rules, 'Length')}; correct it.")


def _check_number(name: str, value: str, rules: Mapping[str, Any]) -> None:
    """Raise CliError unless a number is valid and within its limits; it must be whole unless the lower limit is not."""
    kind, format_ = ("number", _DECIMAL) if isinstance(rules.get("MinValue"), float) else ("whole number", _INTEGER)
    if not format_.fullmatch(value) or not _is_within(float(value), rules, "Value"):
        raise CliError(f"Parameter {name} must be a {kind} {_limits(rules, 'Value')}; correct it.")


def check_combination(template: Template, values: Mapping[str, str]) -> None:
    """Raise CliError if the function would reject the settings that follow from these values and the defaults."""
    cap, retention = (values.get(name) or template.default(name) for name in (DEFER_CAP, REQUEST_RETENTION))
    if cap and retention and float(cap) > float(retention) / 2:
        raise CliError(
            f"Parameter {DEFER_CAP} must be at most half of {REQUEST_RETENTION},"
            f" and the stack would have {cap} and {retention}; correct one of them."
        )


def _is_within(number: float, rules: Mapping[str, Any], what: str) -> bool:
    low, high = (float(rules.get(f"{end}{what}", number)) for end in ("Min", "Max"))
    return low <= number <= high


def _limits(rules: Mapping[str, Any], what: str) -> str:
    return f"from {rules.get(f'Min{what}', 0)} to {rules.get(f'Max{what}', '∞')}"
