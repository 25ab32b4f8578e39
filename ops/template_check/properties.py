"""The properties of a resource against its type, looking through functions as far as their values can be known. Pure."""

from collections.abc import Iterator
from typing import Any

from local.template.functions import is_call
from ops.template_check.finding import Finding
from ops.template_check.scope import Scope
from ops.template_check.specification import ANY, Rule
from ops.template_check.values import Inner, check_value

_TEXT_FUNCTIONS = frozenset({"Fn::Sub", "Fn::Join"})


def check_properties(properties: Any, rule: Rule, path: str, scope: Scope) -> Iterator[Finding]:
    """What is wrong with them; a parameter is checked with every value that tells how far it may go."""
    yield from _checker(scope)(properties, rule, path)


def _checker(scope: Scope) -> Inner:
    def check(value: Any, rule: Rule, path: str) -> Iterator[Finding]:
        if not is_call(value):
            yield from check_value(value, rule, path, check)
            return
        [(name, argument)] = value.items()
        if name == "Ref" and argument in scope.section("Parameters"):
            for possible in scope.possible_values(argument):
                for finding in check_value(possible, rule, path, check):
                    yield Finding(path, f"takes the parameter {argument}, which {finding.problem}")
        elif name == "Fn::If" and isinstance(argument, list):
            for branch in argument[1:]:
                yield from check(branch, rule, path)
        elif name in _TEXT_FUNCTIONS and rule.kind not in {"string", ANY}:
            yield Finding(path, f"is the text that {name} gives, which is not a {rule.kind}")

    return check
