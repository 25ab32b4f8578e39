"""template.yml as what is deployed: its text, its function's runtime, and whether parameters suit it.

Knows the template's own rules; whether ROS takes it is asked of ROS. Must not know what is done with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.template.source import TemplateError, parse
from ops.problems import Problem

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yml"
CODE_BUCKET, CODE_OBJECT, NAME_PREFIX = "CodeBucket", "CodeObject", "NamePrefix"
_LIMIT_BYTES = 524_288  # of TemplateBody (ROS, CreateStack)


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

    @property
    def function(self) -> Mapping[str, Any]:
        """The properties of its one function."""
        functions = (each for each in self.resources.values() if each["Type"] == "ALIYUN::FC3::Function")
        properties: Mapping[str, Any] = next(functions)["Properties"]
        return properties

    def default(self, parameter: str) -> str:
        """The value of a parameter that nobody gives, as text; empty if it has none."""
        return str(self.parameters.get(parameter, {}).get("Default", ""))


def load(path: Path = TEMPLATE) -> Template:
    """The template at `path`. Problem if ROS would not even read it."""
    try:
        text = path.read_text(encoding="utf-8")
        template = Template(text, parse(text))
    except (OSError, ValueError) as error:
        what = str(error) if isinstance(error, TemplateError) else "it cannot be read"
        raise Problem(f"{path} cannot be deployed: {what}; correct it.") from None
    if len(text.encode()) > _LIMIT_BYTES:
        raise Problem(f"{path} is larger than the {_LIMIT_BYTES} bytes that ROS takes; shorten it.")
    check(template)
    return template


def check(_template: Template) -> None:
    """Problem if the template cannot be right; here, and only here, the offline check of the template is wired in."""


def parameters(template: Template, given: tuple[str, ...]) -> dict[str, str]:
    """The parameters that were given as NAME=VALUE. Problem for one that the template does not have or allow."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in template.parameters:
            known = ", ".join(name for name in template.parameters if name not in (CODE_BUCKET, CODE_OBJECT))
            raise Problem(f"--parameter takes NAME=VALUE, and {name!r} is none of {known}; correct it.")
        if name in (CODE_BUCKET, CODE_OBJECT):
            raise Problem(f"{name} follows from --code-bucket and the package; leave --parameter {name} out.")
        _check_value(name, value, template.parameters[name])
        found[name] = value
    return found


def _check_value(name: str, value: str, rules: Mapping[str, Any]) -> None:
    allowed = rules.get("AllowedValues") or (("true", "false") if rules.get("Type") == "Boolean" else None)
    if allowed and value not in map(str, allowed):
        raise Problem(f"Parameter {name} must be one of {', '.join(map(str, allowed))}; correct it.")
    if "AllowedPattern" in rules and not re.fullmatch(rules["AllowedPattern"], value):
        raise Problem(f"Parameter {name} must match {rules['AllowedPattern']}; correct it.")
    if rules.get("Type") == "Number" and not _is_within(value, rules):
        low, high = rules.get("MinValue", "-∞"), rules.get("MaxValue", "∞")
        raise Problem(f"Parameter {name} must be a number from {low} to {high}; correct it.")


def _is_within(value: str, rules: Mapping[str, Any]) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return float(rules.get("MinValue", number)) <= number <= float(rules.get("MaxValue", number))
