"""template.yml as what is deployed: its text, its function's runtime, and whether parameters suit it.

Knows the template's own rules; whether ROS takes it is asked of ROS. Must not know what is done with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.parser import TemplateError, parse
from express_sync.local.template.resolver import Stack
from express_sync.ops.packaging.template import fault
from express_sync.ops.template_check import checker
from express_sync.ops.terminal.errors import CliError

TEMPLATE = Path(__file__).resolve().parents[3] / "template.yml"
CODE_BUCKET, CODE_OBJECT, NAME_PREFIX, RUNTIME = "CodeBucket", "CodeObject", "NamePrefix", "Runtime"

DEFER_CAP, REQUEST_RETENTION = "DeferCapSeconds", "RequestRetentionSeconds"

_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")  # as the function reads numbers; it has none of another kind
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Template:
    """The template's text and its document, every short tag in its long form."""

    text: str
    document: Mapping[str, Any]

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The rules of every parameter by its name."""
        found: Mapping[str, Mapping[str, Any]] = self.document.get("Parameters") or {}
        return found

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """Every resource by its name, also one whose condition may not hold."""
        found: Mapping[str, Mapping[str, Any]] = self.document["Resources"]
        return found

    def function(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """The properties of its one function in a stack with these parameters; account and region do not count."""
        stack = Stack(self.document, LOCAL_ACCOUNT, given)
        return stack.properties(stack.resources("ALIYUN::FC3::Function")[0])

    def default(self, parameter: str) -> str:
        """The value of a parameter that nobody gives, as text; empty if it has none."""
        return str(self.parameters.get(parameter, {}).get("Default", ""))


def load(path: Path = TEMPLATE) -> Template:
    """The template at `path`. CliError if it cannot be right, with all that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        template = Template(text, parse(text))
    except (OSError, ValueError) as error:
        what = fault(error) if isinstance(error, TemplateError) else "it cannot be read"
        raise CliError(f"{path} cannot be deployed: {what}; correct it.") from None
    found = checker.check(text)
    if found:
        raise CliError(f"{path} cannot be deployed: {'; '.join(str(each).removesuffix('.') for each in found)}.")
    return template


def parameters(template: Template, given: tuple[str, ...]) -> dict[str, str]:
    """The parameters that were given as NAME=VALUE. CliError for one that the template does not have or allow."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in template.parameters:
            known = ", ".join(name for name in template.parameters if name not in (CODE_BUCKET, CODE_OBJECT))
            raise CliError(f"--parameter takes NAME=VALUE, and {name!r} is none of {known}; correct it.")
        if name in (CODE_BUCKET, CODE_OBJECT):
            raise CliError(f"{name} follows from --code-bucket and the package; leave --parameter {name} out.")
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
    """CliError if a number is not one, or beyond its limits; it is a whole one unless its lowest value is not."""
    kind, plain = ("number", _DECIMAL) if isinstance(rules.get("MinValue"), float) else ("whole number", _WHOLE)
    if not plain.fullmatch(value) or not _is_within(float(value), rules, "Value"):
        raise CliError(f"Parameter {name} must be a {kind} {_limits(rules, 'Value')}; correct it.")


def check_together(template: Template, values: Mapping[str, str]) -> None:
    """CliError if the function would refuse its settings in a stack with these values over the defaults."""
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
