"""The parameters of the template that become settings of the function, and differences of their limits."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from handler.config import PREFIX, VARIABLES, Variable


def parameters_of_settings(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameter of each setting, by the name of the setting without its prefix."""
    environment = document["Resources"]["Function"]["Properties"]["EnvironmentVariables"]
    passed = {name.removeprefix(PREFIX): _parameter(value) for name, value in environment.items()}
    return {name: parameter for name, parameter in passed.items() if parameter in document["Parameters"]}


def _parameter(value: Any) -> str:
    """Return the parameter if a value consists of one, otherwise an empty string."""
    if not isinstance(value, dict):
        return ""
    whole = re.fullmatch(r"\$\{(\w+)\}", str(value.get("Fn::Sub")))
    return whole[1] if whole else str(value.get("Ref", ""))


def different_limits(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each default, limit and choice of a parameter that differs from the setting."""
    for name, parameter in parameters_of_settings(document).items():
        if name in VARIABLES:
            rules = document["Parameters"][parameter]
            for rule, own in _rules_of(VARIABLES[name]).items():
                actual = rules.get(rule)
                if str(actual) != str(own):
                    yield f"{parameter}.{rule} is {actual}, and that of {PREFIX}{name} is {own}"


def _rules_of(variable: Variable) -> dict[str, Any]:
    rules: dict[str, Any] = {"Default": variable.default}
    if variable.bounds:
        return {**rules, "MinValue": variable.bounds[0], "MaxValue": variable.bounds[1]}
    return {**rules, "AllowedValues": re.split(", | or ", variable.expected)}
