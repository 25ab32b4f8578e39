"""The properties of a resource against its type, looking through functions where their values can be known. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from express_sync.local.template.intrinsics import is_call
from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.scope import Scope
from express_sync.ops.template_check.specification import ANY, Rule
from express_sync.ops.template_check.values import check_value

_TEXT_FUNCTIONS = frozenset({"Fn::Sub", "Fn::Join"})


def check_properties(properties: Any, rule: Rule, path: str, scope: Scope) -> Iterator[Finding]:
    """What is wrong with them; a parameter is checked with every value that tells how far it may go."""
    yield from _Checker(scope).check(properties, rule, path)


@dataclass(frozen=True, slots=True)
class _Checker:
    scope: Scope

    def check(self, value: Any, rule: Rule, path: str) -> Iterator[Finding]:
        """A value, be it plain or a function."""
        if is_call(value):
            [(name, argument)] = value.items()
            yield from self._function(name, argument, rule, path)
        else:
            yield from check_value(value, rule, path, self.check)

    def _function(self, name: str, argument: Any, rule: Rule, path: str) -> Iterator[Finding]:
        if name == "Ref":
            yield from self._parameter(str(argument), rule, path)
        elif name == "Fn::If" and isinstance(argument, list):
            for branch in argument[1:]:
                yield from self.check(branch, rule, path)
        elif name in _TEXT_FUNCTIONS and rule.kind not in {"string", ANY}:
            yield Finding(path, f"is the text that {name} gives, which is not a {rule.kind}")

    def _parameter(self, name: str, rule: Rule, path: str) -> Iterator[Finding]:
        for possible in self.scope.possible_values(name):
            for finding in check_value(possible, rule, path, self.check):
                yield Finding(path, f"takes the parameter {name}, which {finding.problem}")
